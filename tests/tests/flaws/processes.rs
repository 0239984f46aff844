//! Rows 1 and 3: processes of ours that enter a container, looked at from inside.

use std::fs;
use std::time::Duration;

use knarr_e2e::probe::IMAGE;
use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host, knarr_binary, wait_for};

use crate::host;

/// Looks, as fast as it can, for a process whose program is none of the container's, keeps that program open, and tries to write to it for
/// ever. A process that has ended meanwhile is none.
const WATCH: &str = "
    hold() {
        test -e /proc/self/fd/3 && ! test /proc/self/fd/3 -ef /bin/busybox || return
        echo $1 >> /seen
        while :; do echo try >> /tries; (echo overwritten > /proc/self/fd/3) && echo written >> /written; done
    }
    touch /ready
    while :; do for p in /proc/[0-9]*; do
        test -e $p/exe && ! test $p/exe -ef /bin/busybox && { hold $p; } 3< $p/exe
    done; done 2>/dev/null";

/// Lets a few processes come into a container that watches, each looking for its program along a path of thousands of folders: in the
/// container already, and still our program.
fn let_it_watch(knarr: &Client, flags: &[&str]) {
    knarr.ok(&[&["run", "-d", "--name", "watching"], flags, &[IMAGE, "sh", "-c", WATCH]].concat()).unwrap();
    knarr.ok(&["exec", "watching", "sh", "-c", "until test -e /ready; do sleep 0.01; done"]).unwrap();
    let path = format!("PATH={}/bin", "/no/such/folder:".repeat(7000));
    for _ in 0..5 {
        knarr.ok(&["exec", "-e", &path, "watching", "true"]).unwrap();
    }
}

/// Row 1 (CVE-2019-5736): who may trace processes can hold our program open. A program that runs cannot be written to anyway, so the daemon,
/// which is the same, is ended. Guard: what the engine starts is on a read-only mount (`runtime_fd` of the shim's client), else the
/// runtime sees to it (`protect`). Seen to fail without both: the program is overwritten.
#[test]
fn our_program_cannot_be_rewritten() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("knarr");
    fs::copy(knarr_binary(), &program).unwrap();
    let mut host = Host::start_by(&program).unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, IMAGE).unwrap();
    let_it_watch(&knarr, &["--cap-add", "SYS_PTRACE"]);
    let pid = knarr.ok(&["inspect", "-f", "{{.State.Pid}}", "watching"]).unwrap();
    let read = |name: &str| fs::read_to_string(format!("/proc/{pid}/root/{name}")).unwrap_or_default();
    assert_ne!(read("seen"), "", "the watcher never saw a process of ours");
    host.kill_daemon().unwrap();
    let before = read("tries").len();
    wait_for("it tries a few times", Duration::from_secs(20), || read("tries").len() > before + 20).unwrap();
    assert_eq!(read("written"), "");
    assert!(fs::read(&program).unwrap() == fs::read(knarr_binary()).unwrap(), "the program has changed");
    host.resume().unwrap();
    host.finish().unwrap();
}

/// Row 3 (CVE-2016-9962): who may not trace cannot look into a process that joins. Guard: `enter::not_inspectable` of the runtime.
/// Seen to fail without it: the watcher sees our program.
#[test]
fn nothing_of_a_joining_process_is_seen() {
    let (host, knarr) = host();
    let_it_watch(&knarr, &[]);
    assert_eq!(knarr.run(&["exec", "watching", "cat", "/seen"]).unwrap().stdout, "");
    assert_eq!(knarr.ok(&["inspect", "-f", "{{.State.Status}}", "watching"]).unwrap(), "running");
    host.finish().unwrap();
}
