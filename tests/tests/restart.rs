//! The daemon dies and comes back: containers do not notice, and it finds everything as it is.

use std::time::Duration;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host, wait_for};

fn inspect(client: &Client, format: &str, name: &str) -> String {
    client.ok(&["inspect", "-f", format, name]).unwrap()
}

#[test]
fn a_killed_daemon_finds_state_output_and_exit_codes() {
    let mut host = Host::start().unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, "busybox").unwrap();
    let fifo = "mkfifo /go; echo before; read line < /go; echo after; exit 42";
    knarr.ok(&["run", "-d", "--name", "long", "busybox", "sh", "-c", fifo]).unwrap();
    knarr.ok(&["run", "-d", "--name", "dies", "busybox", "sh", "-c", "sleep 1; exit 17"]).unwrap();
    knarr.ok(&["run", "-d", "--name", "stays", "--restart", "always", "busybox", "sleep", "1000"]).unwrap();
    knarr.ok(&["create", "--name", "made", "busybox"]).unwrap();
    let before = inspect(&knarr, "{{.State.Pid}} {{.State.StartedAt}} {{.NetworkSettings.IPAddress}}", "long");
    let dying: u32 = inspect(&knarr, "{{.State.Pid}}", "dies").parse().unwrap();

    host.kill_daemon().unwrap();
    wait_for("the other one ends", Duration::from_secs(10), || {
        !std::path::Path::new(&format!("/proc/{dying}")).exists()
    })
    .unwrap();
    host.resume().unwrap();

    assert_eq!(inspect(&knarr, "{{.State.Pid}} {{.State.StartedAt}} {{.NetworkSettings.IPAddress}}", "long"), before);
    assert_eq!(inspect(&knarr, "{{.State.Status}} {{.State.ExitCode}}", "dies"), "exited 17");
    assert_eq!(inspect(&knarr, "{{.State.Status}}", "made"), "created");
    assert_eq!(inspect(&knarr, "{{.State.Status}}", "stays"), "running");
    // It may be killed itself: what it writes ends the container.
    knarr.run(&["exec", "long", "sh", "-c", "echo x > /go"]).unwrap();
    assert_eq!(knarr.ok(&["wait", "long"]).unwrap(), "42");
    assert_eq!(knarr.ok(&["logs", "long"]).unwrap(), "before\nafter");
    host.finish().unwrap();
}

#[test]
fn output_while_the_daemon_is_dead_is_not_lost() {
    let mut host = Host::start().unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, "busybox").unwrap();
    let script = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo $i; done";
    knarr.ok(&["run", "-d", "--name", "talker", "busybox", "sh", "-c", script]).unwrap();
    host.kill_daemon().unwrap();
    host.resume().unwrap();
    assert_eq!(knarr.ok(&["wait", "talker"]).unwrap(), "0");
    let logs = knarr.ok(&["logs", "talker"]).unwrap();
    assert!(logs.lines().map(|line| line.parse().unwrap_or(0)).eq(1..=20_000), "a gap or a double");
    host.finish().unwrap();
}

#[test]
fn a_second_daemon_on_live_roots_is_refused() {
    let host = Host::start().unwrap();
    let output = host.daemon_command().unwrap().stdout(std::process::Stdio::null()).status().unwrap();
    assert!(!output.success());
    assert!(host.log().contains("another"), "the refusal does not say why:\n{}", host.log());
    assert_eq!(host.knarr().ok(&["ps", "-q"]).unwrap(), "", "the first daemon was disturbed");
    host.finish().unwrap();
}

#[test]
fn a_stale_socket_is_replaced_and_modes_are_tight() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut host = Host::start().unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&host.socket()), 0o660);
    assert_eq!(mode(&host.data_root()), 0o700);
    host.kill_daemon().unwrap();
    assert!(host.socket().exists(), "a killed daemon leaves its socket");
    let dead = host.knarr().fails(&["ps"]).unwrap();
    assert!(
        dead.stderr.contains("Cannot connect to the knarr daemon") && dead.stderr.contains("knarr daemon"),
        "{}",
        dead.stderr
    );
    host.resume().unwrap();
    assert_eq!(host.knarr().ok(&["ps", "-q"]).unwrap(), "");
    host.finish().unwrap();
}
