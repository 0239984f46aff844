//! Which descriptors a shim holds, and which the processes of containers get.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host, Running, processes_with, wait_for};

/// A daemon that was itself given more than it wants.
const GENEROUS: [&str; 4] = ["sh", "-c", "exec 7</etc 8</dev/zero 9<>/dev/null; exec \"$@\"", "sh"];

fn host() -> (Host, Client) {
    let host = Host::start_through(&GENEROUS).unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, "busybox").unwrap();
    (host, knarr)
}

/// What a process has open, by number; numbers of inodes are left out.
fn descriptors(pid: &str) -> BTreeMap<u32, String> {
    let folder = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let open = folder.map(|entry| {
        let entry = entry.unwrap();
        let target = std::fs::read_link(entry.path()).unwrap().to_string_lossy().into_owned();
        let kind = target.split_once(":[").filter(|(kind, _)| *kind != "anon_inode").map(|(kind, _)| kind.to_owned());
        (entry.file_name().to_string_lossy().parse().unwrap(), kind.unwrap_or(target))
    });
    open.collect()
}

/// The processes of a container by their command lines.
fn processes(knarr: &Client, name: &str) -> BTreeMap<String, String> {
    let shown = knarr.ok(&["top", name, "-eo", "pid,args"]).unwrap();
    let lines = shown.lines().skip(1).map(|line| line.trim().split_once(' ').unwrap());
    lines.map(|(pid, command)| (command.trim().to_owned(), pid.to_owned())).collect()
}

/// Seen to fail without `cloexec_from` in the runtime and `close_range` in `spawn`: the network namespace and the daemon's are there.
#[test]
fn every_process_of_a_container_has_its_three_streams_and_nothing_else() {
    let (host, knarr) = host();
    knarr.ok(&["run", "-d", "--name", "first", "busybox", "sleep", "1000"]).unwrap();
    let busy = [&["events"][..], &["logs", "-f", "first"], &["attach", "first"], &["stats", "first"]];
    let busy =
        busy.map(|words| Running::start(knarr.command(words).stdout(Stdio::null()).stderr(Stdio::null())).unwrap());
    let check = ["--health-cmd", "sleep 3000", "--health-interval", "1s", "--health-timeout", "500s"];
    for (name, terminal) in [("plain", "-d"), ("screen", "-dt"), ("fed", "-di")] {
        let run = [&["run", terminal, "--name", name], &check[..], &["busybox", "sleep", "1000"]].concat();
        knarr.ok(&run).unwrap();
        knarr.ok(&["exec", terminal, name, "sleep", "2000"]).unwrap();
        let checked = || processes(&knarr, name).contains_key("sleep 3000");
        wait_for("the health check runs", Duration::from_secs(20), checked).unwrap();
        for (command, pid) in processes(&knarr, name) {
            let open = descriptors(&pid);
            assert_eq!(open.keys().copied().collect::<Vec<_>>(), [0, 1, 2], "{name}, {command}: {open:?}");
            let on_terminal = name == "screen" && !command.contains("3000");
            let expected = if on_terminal { "/dev/pts/" } else { "pipe" };
            assert!(open[&1].starts_with(expected) && open[&2].starts_with(expected), "{name}, {command}: {open:?}");
        }
    }
    drop(busy);
    host.finish().unwrap();
}

/// What a shim holds while its process runs, sorted.
fn of_shim(dir: &Path) -> Vec<String> {
    let [shim] = processes_with(&["knarr-shim", &dir.to_string_lossy()])[..] else {
        panic!("no shim, or more than one")
    };
    let mut open: Vec<String> = descriptors(&shim.to_string()).into_values().collect();
    open.sort_unstable();
    open
}

/// Seen to fail with the runtime's executable left open, and with a `spawn` that closes nothing.
#[test]
fn a_shim_holds_what_it_needs_whoever_comes_and_goes() {
    let (mut host, knarr) = host();
    let id = knarr.ok(&["run", "-d", "--name", "plain", "busybox", "sleep", "1000"]).unwrap();
    let (run, data) = (host.path().join("run/shims").join(&id), host.data_root().join("containers").join(&id));
    let files = ["exit.json.tmp", "log", "log/json.log"].map(|name| data.join(name));
    let mut expected: Vec<String> =
        [&run, &data].into_iter().chain(&files).map(|path| path.display().to_string()).collect();
    // Listener and daemon; the process's output and error; its end, seen by signal and by pidfd.
    let others = ["/dev/null", "/dev/null", "/dev/null", "socket", "socket", "pipe", "pipe"];
    expected.extend(others.map(str::to_owned));
    expected.extend(["anon_inode:[signalfd]", "anon_inode:[pidfd]"].map(str::to_owned));
    expected.sort_unstable();
    assert_eq!(of_shim(&run), expected);
    for _ in 0..3 {
        let client = Running::start(knarr.command(&["attach", "plain"]).stdout(Stdio::null())).unwrap();
        wait_for("it is attached", Duration::from_secs(10), || of_shim(&run).len() > expected.len()).unwrap();
        drop(client);
        host.kill_daemon().unwrap();
        host.resume().unwrap();
        wait_for("nothing is left of them", Duration::from_secs(10), || of_shim(&run) == expected).unwrap();
    }
    host.finish().unwrap();
}
