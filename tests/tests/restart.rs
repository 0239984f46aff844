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

/// The processes of this host whose command line has `word`.
fn processes(host: &Host, word: &str) -> Vec<i32> {
    let folder = host.path().to_string_lossy().into_owned();
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let ours = entries.filter(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line);
        line.contains(word) && line.contains(&folder)
    });
    ours.filter_map(|entry| entry.file_name().to_string_lossy().parse().ok()).collect()
}

fn kill(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    let pidfd = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).unwrap();
    rustix::process::pidfd_send_signal(pidfd, rustix::process::Signal::KILL).unwrap();
}

#[test]
fn nothing_is_left_where_everything_was_killed() {
    let mut host = Host::start().unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, "busybox").unwrap();
    knarr.ok(&["network", "create", "net"]).unwrap();
    for network in ["bridge", "net"] {
        let run = ["run", "-d", "--name", network, "--network", network, "-p", "0:80", "busybox", "sleep", "1000"];
        knarr.ok(&run).unwrap();
    }
    let pids = ["bridge", "net"].map(|name| inspect(&knarr, "{{.State.Pid}}", name).parse().unwrap());
    host.kill_daemon().unwrap();
    let shims = processes(&host, "knarr-shim");
    assert_eq!(shims.len(), 2);
    shims.into_iter().chain(pids).for_each(kill);
    host.resume().unwrap();
    for name in ["bridge", "net"] {
        assert_eq!(inspect(&knarr, "{{.State.Status}} {{.State.Pid}}", name), "exited 0");
    }
    let rules = std::process::Command::new("nft").args(["list", "table", "ip", &host.table()]).output().unwrap();
    assert!(!String::from_utf8_lossy(&rules.stdout).contains(". 80"), "a port of a dead container is published");
    host.finish_with_networks(&["net"]);
}

#[test]
fn addresses_are_not_given_twice() {
    let mut host = Host::start().unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, "busybox").unwrap();
    knarr.ok(&["network", "create", "--subnet", "10.219.79.0/29", "small"]).unwrap();
    let run = |name: &str, flags: &[&str]| {
        let run = [&["run", "-d", "--name", name, "--network", "small"], flags, &["busybox", "sleep", "1000"]].concat();
        knarr.run(&run).unwrap()
    };
    let address = |name: &str| inspect(&knarr, "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", name);
    assert_eq!(run("fixed", &["--ip", "10.219.79.3"]).code, 0);
    assert_eq!(run("first", &[]).code, 0);
    let taken = run("second", &["--ip", "10.219.79.3"]);
    assert!(taken.code == 125 && taken.stderr.contains("10.219.79.3 is already in use"), "{taken:?}");
    host.kill_daemon().unwrap();
    host.resume().unwrap();
    for name in ["third", "fourth", "fifth"] {
        assert_eq!(run(name, &[]).code, 0, "{name}");
    }
    let all: std::collections::BTreeSet<String> =
        ["fixed", "first", "third", "fourth", "fifth"].into_iter().map(address).collect();
    assert_eq!(all.len(), 5, "{all:?}");
    let full = run("sixth", &[]);
    assert!(full.stderr.contains("no available IPv4 addresses"), "{full:?}");
    host.finish_with_networks(&["small"]);
}
