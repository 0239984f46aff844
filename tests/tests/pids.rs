//! Numbers of processes are given again quickly, and no signal of ours ever meets a stranger.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Host, Running, processes_with, wait_for};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// The first process of a PID namespace of three hundred numbers (the first three hundred are given once only). The limit is the namespace's
/// own from Linux 6.14 on: before, it is the machine's, and stays.
const FIRST: &str = "set -- $(uname -r | tr .- '  ')
    [ $1 -gt 6 ] || [ $1 -eq 6 -a $2 -ge 14 ] || { echo too old a kernel; exit 1; }
    echo 600 > /proc/sys/kernel/pid_max; echo ready; while :; do sleep 1000 & wait; done";
/// A daemon there, which sees its own numbers.
const WITH_ITS_PROC: [&str; 6] = ["unshare", "--mount", "sh", "-c", "mount -t proc proc /proc && exec \"$@\"", "sh"];
/// Processes that end by themselves, or somebody has ended them; how many they were.
const BYSTANDERS: &str = "all=0
    while [ ! -e \"$0/stop\" ]; do
        list=
        for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do sleep 0.5 & list=\"$list $!\"; done
        for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do /bin/true || echo \"a short one: $?\" >> \"$0/hit\"; done
        for pid in $list; do wait $pid || echo \"$pid: $?\" >> \"$0/hit\"; done
        all=$((all+50))
    done
    echo $all";

/// Makes the namespace; what this thread starts from now on is in it.
fn few_numbers() -> Running {
    let mut command = Command::new("unshare");
    command.args(["--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", FIRST]);
    let mut first = Running::start(command.stdout(Stdio::piped())).unwrap();
    let mut line = String::new();
    BufReader::new(first.stdout().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let namespace = File::open(format!("/proc/{}/ns/pid_for_children", first.pid())).unwrap();
    move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::ProcessID)).unwrap();
    first
}

struct Bystanders(Vec<Running>);

impl Bystanders {
    fn start(folder: &Path) -> Self {
        std::fs::create_dir(folder).unwrap();
        let start = |_| {
            let mut command = Command::new("sh");
            Running::start(command.args(["-c", BYSTANDERS]).arg(folder).stdout(Stdio::piped())).unwrap()
        };
        Self((0..4).map(start).collect())
    }

    /// How many there were; all ended by themselves.
    fn finish(self, folder: &Path) -> u32 {
        std::fs::write(folder.join("stop"), "").unwrap();
        let counts = self.0.into_iter().map(|mut group| {
            let mut line = String::new();
            BufReader::new(group.stdout().unwrap()).read_line(&mut line).unwrap();
            line.trim().parse::<u32>().unwrap()
        });
        let all = counts.sum();
        let hit = std::fs::read_to_string(folder.join("hit")).unwrap_or_default();
        assert_eq!(hit, "", "strangers got a signal");
        all
    }
}

fn stop_shim(host: &Host, id: &str) {
    let folder = host.path().join("run/shims").join(id);
    let [shim] = processes_with(&["knarr-shim", &folder.to_string_lossy()])[..] else { panic!("no shim, or several") };
    let shim = pidfd_open(Pid::from_raw(shim).unwrap(), PidfdFlags::empty()).unwrap();
    pidfd_send_signal(&shim, Signal::STOP).unwrap();
}

/// Seen to fail with a signal to the number of a container that has ended.
#[test]
fn no_stranger_is_signalled_while_numbers_are_given_again() {
    let _first = few_numbers();
    let mut host = Host::start_through(&WITH_ITS_PROC).unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, "busybox").unwrap();
    let folder = host.path().join("bystanders");
    let bystanders = Bystanders::start(&folder);
    let run =
        |name: &str, script: &str| knarr.ok(&["run", "-d", "--name", name, "busybox", "sh", "-c", script]).unwrap();
    for round in 0..6 {
        run("short", "exit 3");
        run("long", "trap 'exit 4' TERM; while :; do sleep 0.05; done");
        let deaf = run("deaf", "trap '' TERM; while :; do sleep 0.05; done");
        assert_eq!(knarr.run(&["exec", "long", "sh", "-c", "exit 5"]).unwrap().code, 5);
        knarr.ok(&["exec", "-d", "long", "sleep", "0.3"]).unwrap();
        knarr.ok(&["exec", "-d", "long", "sleep", "1000"]).unwrap();
        assert_eq!(knarr.ok(&["wait", "short"]).unwrap(), "3");
        // What has ended cannot be signalled any more.
        for words in [&["kill", "short"][..], &["exec", "short", "true"]] {
            knarr.fails(words).unwrap();
        }
        knarr.ok(&["pause", "long"]).unwrap();
        knarr.ok(&["unpause", "long"]).unwrap();
        match round {
            1 => {
                host.kill_daemon().unwrap();
                host.resume().unwrap();
            }
            2 => {
                host.kill_daemon().unwrap();
                host.kill_shims().unwrap();
                host.resume().unwrap();
            }
            3 => host.kill_shims().unwrap(),
            4 => stop_shim(&host, &deaf),
            _ => {}
        }
        if !(2..=3).contains(&round) {
            knarr.ok(&["stop", "long"]).unwrap();
            assert_eq!(knarr.ok(&["inspect", "-f", "{{.State.ExitCode}}", "long"]).unwrap(), "4");
        }
        if round < 2 {
            knarr.ok(&["stop", "-t", "1", "deaf"]).unwrap();
            assert_eq!(knarr.ok(&["inspect", "-f", "{{.State.ExitCode}}", "deaf"]).unwrap(), "137");
        }
        knarr.ok(&["rm", "-f", "short", "long", "deaf"]).unwrap();
    }
    let all = bystanders.finish(&folder);
    assert!(all > 900, "{all} processes are too few for numbers to be given again");
    wait_for("nothing runs", Duration::from_secs(10), || knarr.ok(&["ps", "-aq"]).unwrap().is_empty()).unwrap();
    host.finish().unwrap();
}
