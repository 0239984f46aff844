//! A container that does not answer delays nobody but those who ask it for something.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host, wait_for};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// The first process of a container.
fn pid_of(knarr: &Client, name: &str) -> String {
    knarr.ok(&["inspect", "-f", "{{.State.Pid}}", name]).unwrap()
}

/// The parent of a process that has a shim.
fn shim_of(pid: &str) -> OwnedFd {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields = stat.rsplit_once(')').unwrap().1;
    let parent = Pid::from_raw(fields.split_whitespace().nth(1).unwrap().parse().unwrap()).unwrap();
    pidfd_open(parent, PidfdFlags::empty()).unwrap()
}

#[test]
fn a_frozen_container_and_a_stopped_shim_delay_nobody_else() {
    let host = Host::start().unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, "busybox").unwrap();
    for name in ["fine", "frozen", "stuck"] {
        knarr.ok(&["run", "-d", "--name", name, "busybox", "sleep", "1000"]).unwrap();
    }
    knarr.ok(&["pause", "frozen"]).unwrap();
    let pid = pid_of(&knarr, "stuck");
    let shim = shim_of(&pid);
    pidfd_send_signal(&shim, Signal::STOP).unwrap();
    // These two wait for the shim that is stopped; all that follows must not.
    let mut waiting = knarr.command(&["kill", "stuck"]);
    let mut waiting = waiting.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut removing = knarr.command(&["rm", "-f", "stuck"]);
    let mut removing = removing.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();

    let status = "{{.Names}} {{.State}}";
    let shown = knarr.ok(&["ps", "--format", status]).unwrap();
    let mut lines: Vec<&str> = shown.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["fine running", "frozen paused", "stuck running"]);
    assert_eq!(knarr.ok(&["inspect", "-f", "{{.State.Status}}", "fine"]).unwrap(), "running");
    assert_eq!(knarr.ok(&["inspect", "-f", "{{.State.Status}}", "stuck"]).unwrap(), "running");
    assert_eq!(knarr.ok(&["run", "--rm", "busybox", "echo", "still here"]).unwrap(), "still here");
    assert_eq!(knarr.ok(&["exec", "fine", "echo", "in"]).unwrap(), "in");
    knarr.ok(&["system", "df"]).unwrap();
    knarr.ok(&["stats", "--no-stream", "fine", "frozen"]).unwrap();
    assert!(waiting.try_wait().unwrap().is_none(), "the kill did not wait for its shim");

    // The removal ends the shim that does not answer, and the container with it.
    for child in [&mut waiting, &mut removing] {
        wait_for("it is over", Duration::from_secs(40), || child.try_wait().unwrap().is_some()).unwrap();
    }
    assert!(removing.wait().unwrap().success());
    assert_eq!(knarr.ok(&["ps", "-a", "--filter", "name=stuck", "-q"]).unwrap(), "");
    wait_for("its process is gone", Duration::from_secs(10), || !Path::new("/proc").join(&pid).exists()).unwrap();
    // Killed while frozen: it thaws, and is gone.
    knarr.ok(&["kill", "frozen"]).unwrap();
    assert_eq!(knarr.ok(&["wait", "frozen"]).unwrap(), "137");
    host.finish().unwrap();
}

#[test]
fn who_asks_a_stopped_shim_is_told_and_a_daemon_that_comes_back_waits_for_none() {
    let mut host = Host::start().unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, "busybox").unwrap();
    knarr.ok(&["run", "-d", "-t", "--name", "mute", "busybox", "sleep", "1000"]).unwrap();
    let shim = shim_of(&pid_of(&knarr, "mute"));
    pidfd_send_signal(&shim, Signal::STOP).unwrap();
    let asked = [&["kill", "-s", "USR1", "mute"][..], &["stop", "mute"], &["restart", "mute"]];
    let asked = asked.map(|words| knarr.command(words).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
    let resized = host.http().ask("POST", "/containers/mute/resize?h=10&w=20").unwrap();
    assert!(resized.status == 503 && resized.text().contains("does not answer"), "{}", resized.text());
    for child in asked {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains("does not answer; `rm -f` ends both"), "{said}");
    }

    host.kill_daemon().unwrap();
    host.resume().unwrap();
    assert_eq!(knarr.ok(&["inspect", "-f", "{{.State.Status}}", "mute"]).unwrap(), "running");
    pidfd_send_signal(&shim, Signal::CONT).unwrap();
    knarr.ok(&["kill", "mute"]).unwrap();
    assert_eq!(knarr.ok(&["wait", "mute"]).unwrap(), "137");
    host.finish().unwrap();
}

/// A process that its shim does not bury holds back the end of the whole PID namespace.
#[test]
fn a_stopped_shim_of_a_session_goes_with_the_container() {
    let host = Host::start().unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, "busybox").unwrap();
    knarr.ok(&["run", "-d", "--name", "held", "busybox", "sleep", "1000"]).unwrap();
    knarr.ok(&["exec", "-d", "held", "sleep", "2000"]).unwrap();
    let shown = knarr.ok(&["top", "held", "-eo", "pid,args"]).unwrap();
    let session = shown.lines().find(|line| line.ends_with("sleep 2000")).unwrap();
    let shim = shim_of(session.split_whitespace().next().unwrap());
    pidfd_send_signal(&shim, Signal::STOP).unwrap();
    let said = knarr.fails(&["kill", "held"]).unwrap().stderr;
    assert!(said.contains("did not end after SIGKILL"), "{said}");
    knarr.ok(&["rm", "-f", "held"]).unwrap();
    assert_eq!(knarr.ok(&["ps", "-aq"]).unwrap(), "");
    host.finish().unwrap();
}

#[test]
fn more_clients_than_a_shim_lets_in_hold_nobody_up() {
    let host = Host::start().unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, "busybox").unwrap();
    knarr.ok(&["run", "-di", "--name", "liked", "busybox", "cat"]).unwrap();
    let attach = "POST /containers/liked/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\
                  Upgrade: tcp\r\nContent-Length: 0\r\n\r\n";
    let clients: Vec<_> = (0..150)
        .map(|_| {
            let mut client = host.http().connect().unwrap();
            client.write_all(attach.as_bytes()).unwrap();
            // One after the other: the container's mailbox refuses a crowd.
            client.read_exact(&mut [0; 12]).unwrap();
            client
        })
        .collect();
    assert_eq!(knarr.ok(&["exec", "liked", "echo", "in"]).unwrap(), "in");
    knarr.ok(&["kill", "-s", "WINCH", "liked"]).unwrap();
    drop(clients);
    let answers = || {
        let mut attached = knarr.command(&["attach", "liked"]);
        let mut attached = attached.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        attached.stdin.take().unwrap().write_all(b"hello\n").unwrap();
        let mut line = String::new();
        BufReader::new(attached.stdout.take().unwrap()).read_line(&mut line).unwrap();
        attached.kill().unwrap();
        attached.wait().unwrap();
        line == "hello\n"
    };
    wait_for("there is room again", Duration::from_secs(20), answers).unwrap();
    knarr.ok(&["kill", "liked"]).unwrap();
    host.finish().unwrap();
}
