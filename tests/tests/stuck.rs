//! A container that does not answer delays nobody but those who ask it for something.

use std::process::Stdio;
use std::time::Duration;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Host, wait_for};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// The process that is the parent of `pid`: of a container's first process, its shim.
fn parent(pid: &str) -> Pid {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields = stat.rsplit_once(')').unwrap().1;
    Pid::from_raw(fields.split_whitespace().nth(1).unwrap().parse().unwrap()).unwrap()
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
    let pid = knarr.ok(&["inspect", "-f", "{{.State.Pid}}", "stuck"]).unwrap();
    let shim = pidfd_open(parent(&pid), PidfdFlags::empty()).unwrap();
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

    pidfd_send_signal(&shim, Signal::CONT).unwrap();
    for child in [&mut waiting, &mut removing] {
        wait_for("it goes on", Duration::from_secs(20), || child.try_wait().unwrap().is_some()).unwrap();
    }
    // Killed while frozen: it thaws, and is gone.
    knarr.ok(&["kill", "frozen"]).unwrap();
    assert_eq!(knarr.ok(&["wait", "frozen"]).unwrap(), "137");
    host.finish().unwrap();
}
