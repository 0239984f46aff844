//! Containers as a user runs them, with our command line.

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host, wait_for};

const IMAGE: &str = "busybox";

fn host() -> (Host, Client) {
    let host = Host::start().unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, IMAGE).unwrap();
    (host, knarr)
}

fn inspect(client: &Client, format: &str, name: &str) -> String {
    client.ok(&["inspect", "-f", format, name]).unwrap()
}

#[test]
fn a_container_is_a_process_with_a_machine_of_its_own() {
    let (host, knarr) = host();
    let run = |script: &str| knarr.ok(&["run", "--rm", "--hostname", "island", IMAGE, "sh", "-c", script]).unwrap();
    assert_eq!(run("hostname; echo $$"), "island\n1");
    assert_eq!(run("echo /proc/[0-9]*"), "/proc/1", "it sees its own processes only: the shell");
    assert_eq!(run("ls /sys/class/net | sort | tr '\\n' ' '"), "eth0 lo");
    assert_eq!(run("cat /proc/self/cgroup | grep -vc ':/$'; true"), "0", "its cgroups are the roots that it sees");
    for namespace in ["mnt", "pid", "net", "ipc", "uts", "cgroup"] {
        let outside = std::fs::read_link(format!("/proc/self/ns/{namespace}")).unwrap();
        assert_ne!(run(&format!("readlink /proc/self/ns/{namespace}")), outside.to_string_lossy());
    }
    host.finish().unwrap();
}

#[test]
fn exit_codes_are_the_process_and_dockers() {
    let (host, knarr) = host();
    let code = |command: &[&str]| knarr.run(&[&["run", "--rm", IMAGE], command].concat()).unwrap().code;
    for exit in [0, 1, 3, 125, 200, 255] {
        assert_eq!(code(&["sh", "-c", &format!("exit {exit}")]), exit);
    }
    assert_eq!(code(&["sh", "-c", "kill -9 $$"]), 0, "pid 1 cannot kill itself");
    assert_eq!(code(&["no-such-program"]), 127);
    assert_eq!(code(&["/etc"]), 126);
    assert_eq!(knarr.run(&["run", "--no-such-flag", IMAGE]).unwrap().code, 125);
    assert_eq!(knarr.ok(&["ps", "-aq"]).unwrap(), "", "a container that could not start stays behind");
    host.finish().unwrap();
}

#[test]
fn what_was_asked_for_is_what_the_process_gets() {
    let (host, knarr) = host();
    let file = host.path().join("env");
    std::fs::write(&file, "# a comment\nFROM_FILE=1\n").unwrap();
    let file = file.to_string_lossy().into_owned();
    let run = |flags: &[&str], script: &str| {
        knarr.ok(&[&["run", "--rm"], flags, &[IMAGE, "sh", "-c", script]].concat()).unwrap()
    };
    assert_eq!(run(&["-e", "A=b c", "--env-file", &file], "echo $A $FROM_FILE"), "b c 1");
    assert_eq!(run(&["-w", "/made/here"], "pwd"), "/made/here");
    assert_eq!(run(&["-u", "nobody"], "id -u; id -g"), "65534\n65534");
    assert_eq!(run(&["-u", "1234:55", "--group-add", "77"], "id -u; id -g; id -G"), "1234\n55\n55 77");
    assert_eq!(
        run(&["--read-only", "--tmpfs", "/scratch"], "touch /x 2>&1 || touch /scratch/x && echo ro"),
        "touch: /x: Read-only file system\nro"
    );
    assert_eq!(run(&["--ulimit", "nofile=64:128"], "ulimit -n; ulimit -Hn"), "64\n128");
    assert_eq!(run(&["--sysctl", "net.core.somaxconn=17"], "cat /proc/sys/net/core/somaxconn"), "17");
    assert_eq!(run(&["--shm-size", "8m"], "df -k /dev/shm | tail -1 | awk '{print $2}'"), "8192");
    assert_eq!(run(&["--add-host", "far:10.9.8.7"], "grep far /etc/hosts"), "10.9.8.7\tfar");
    assert_eq!(run(&["--dns", "9.9.9.9"], "grep nameserver /etc/resolv.conf"), "nameserver 9.9.9.9");
    assert_eq!(knarr.ok(&["run", "--rm", "--entrypoint", "echo", IMAGE, "hi"]).unwrap(), "hi");
    host.finish().unwrap();
}

#[test]
fn the_sandbox_holds_what_it_promises() {
    let (host, knarr) = host();
    let run = |flags: &[&str], script: &str| {
        knarr.run(&[&["run", "--rm"], flags, &[IMAGE, "sh", "-c", script]].concat()).unwrap().stdout
    };
    let status =
        "grep -E '^(CapEff|CapInh|CapAmb|NoNewPrivs|Seccomp):' /proc/self/status | tr -s '\\t ' ' ' | tr '\\n' ';'";
    let default = run(&[], status);
    assert!(default.contains("CapInh: 0000000000000000") && default.contains("CapAmb: 0000000000000000"), "{default}");
    assert!(default.contains("Seccomp: 2"), "{default}");
    assert!(run(&["--cap-drop", "ALL"], status).contains("CapEff: 0000000000000000"));
    assert!(run(&["--cap-drop", "ALL", "--cap-add", "NET_BIND_SERVICE"], status).contains("CapEff: 0000000000000400"));
    assert!(run(&["--security-opt", "no-new-privileges"], status).contains("NoNewPrivs: 1"));
    assert_eq!(run(&[], "mount -t tmpfs none /tmp 2>/dev/null; echo $?"), "1\n");
    assert_eq!(run(&[], "echo x > /proc/sys/kernel/hostname 2>/dev/null; echo $?"), "1\n");
    assert_eq!(run(&[], "cat /proc/kcore | wc -c; cat /proc/timer_list | wc -c"), "0\n0\n");
    assert_eq!(run(&[], "mkdir /sys/fs/cgroup/pids/x 2>/dev/null; echo $?"), "1\n");
    assert_eq!(
        run(&["--privileged"], "mount -t tmpfs none /mnt 2>/dev/null || mount -t tmpfs none /tmp; echo $?"),
        "0\n"
    );
    host.finish().unwrap();
}

#[test]
fn limits_are_set_before_the_process_runs() {
    let (host, knarr) = host();
    let flags = ["-m", "64m", "--memory-swap", "64m", "--cpus", "0.5", "--pids-limit", "20", "--cpuset-cpus", "0"];
    let script = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/pids/pids.max \
                  /sys/fs/cgroup/cpuset/cpuset.cpus 2>/dev/null || cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max \
                  /sys/fs/cgroup/pids.max /sys/fs/cgroup/cpuset.cpus";
    let seen = knarr.ok(&[&["run", "--rm"], flags.as_slice(), &[IMAGE, "sh", "-c", script]].concat()).unwrap();
    assert!(["67108864\n50000\n20\n0", "67108864\n50000 100000\n20\n0"].contains(&seen.as_str()), "{seen}");
    host.finish().unwrap();
}

#[test]
fn standard_input_reaches_the_process_and_its_end_too() {
    let (host, knarr) = host();
    let mut command = knarr.command(&["run", "--rm", "-i", IMAGE, "sh", "-c", "cat; echo end"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"line\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "line\nend\n");
    host.finish().unwrap();
}

#[test]
fn stdout_and_stderr_stay_apart_and_are_logged() {
    let (host, knarr) = host();
    let script = "echo out; echo err >&2; seq 1 3";
    let output = knarr.run(&["run", "--name", "talk", IMAGE, "sh", "-c", script]).unwrap();
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("out\n1\n2\n3\n", "err\n"));
    let logs = knarr.run(&["logs", "talk"]).unwrap();
    assert_eq!((logs.stdout.as_str(), logs.stderr.as_str()), ("out\n1\n2\n3\n", "err\n"));
    host.finish().unwrap();
}

#[test]
fn logs_are_cut_by_lines_and_by_time() {
    let (host, knarr) = host();
    knarr.ok(&["run", "--name", "counter", IMAGE, "seq", "1", "3"]).unwrap();
    assert_eq!(knarr.ok(&["logs", "--tail", "2", "counter"]).unwrap(), "2\n3");
    let stamped = knarr.ok(&["logs", "-t", "--tail", "1", "counter"]).unwrap();
    let (time, text) = stamped.split_once(' ').unwrap();
    assert!(text == "3" && time.ends_with('Z') && time.starts_with("20"), "{stamped}");
    assert_eq!(knarr.ok(&["logs", "--since", time, "counter"]).unwrap().lines().last(), Some("3"));
    host.finish().unwrap();
}

#[test]
fn a_hundred_thousand_lines_arrive_in_order() {
    let (host, knarr) = host();
    knarr.ok(&["run", "-d", "--name", "lines", IMAGE, "seq", "1", "100000"]).unwrap();
    assert_eq!(knarr.ok(&["wait", "lines"]).unwrap(), "0");
    let logs = knarr.ok(&["logs", "lines"]).unwrap();
    assert!(
        logs.lines().map(|line| line.parse().unwrap_or(0)).eq(1..=100_000),
        "lines are missing, doubled or out of order"
    );
    host.finish().unwrap();
}

#[test]
fn a_life_from_create_to_remove() {
    let (host, knarr) = host();
    let id = knarr
        .ok(&[
            "create",
            "--name",
            "life",
            IMAGE,
            "sh",
            "-c",
            "trap 'exit 7' TERM; echo up; while :; do sleep 0.1; done",
        ])
        .unwrap();
    assert_eq!(id.len(), 64);
    assert_eq!(inspect(&knarr, "{{.State.Status}}", "life"), "created");
    knarr.ok(&["start", "life"]).unwrap();
    wait_for("it is up", Duration::from_secs(5), || knarr.ok(&["logs", "life"]).unwrap() == "up").unwrap();
    assert_eq!(knarr.ok(&["ps", "--format", "{{.Names}} {{.Image}} {{.State}}"]).unwrap(), "life busybox running");
    let refused = knarr.fails(&["rm", "life"]).unwrap();
    assert!(refused.stderr.contains("container is running"), "{}", refused.stderr);
    knarr.ok(&["pause", "life"]).unwrap();
    assert_eq!(inspect(&knarr, "{{.State.Status}}", "life"), "paused");
    knarr.ok(&["unpause", "life"]).unwrap();
    knarr.ok(&["rename", "life", "death"]).unwrap();
    knarr.ok(&["stop", "death"]).unwrap();
    assert_eq!(inspect(&knarr, "{{.State.Status}} {{.State.ExitCode}}", "death"), "exited 7");
    knarr.ok(&["restart", "-t", "0", "death"]).unwrap();
    assert_eq!(inspect(&knarr, "{{.State.Running}}", "death"), "true");
    knarr.ok(&["kill", "death"]).unwrap();
    assert_eq!(knarr.ok(&["wait", "death"]).unwrap(), "137");
    knarr.ok(&["rm", "death"]).unwrap();
    assert!(knarr.fails(&["inspect", "death"]).unwrap().stderr.contains("No such"));
    host.finish().unwrap();
}

#[test]
fn exec_joins_the_container_and_has_an_exit_code_of_its_own() {
    let (host, knarr) = host();
    knarr.ok(&["run", "-d", "--name", "joined", "-e", "KEPT=1", IMAGE, "sleep", "1000"]).unwrap();
    assert_eq!(
        knarr.ok(&["exec", "joined", "sh", "-c", "hostname; cat /proc/1/comm; echo $KEPT"]).unwrap().lines().nth(1),
        Some("sleep")
    );
    assert_eq!(knarr.run(&["exec", "joined", "sh", "-c", "exit 9"]).unwrap().code, 9);
    assert_eq!(knarr.run(&["exec", "joined", "no-such-program"]).unwrap().code, 127);
    assert_eq!(
        knarr
            .ok(&["exec", "-u", "nobody", "-w", "/tmp", "-e", "N=2", "joined", "sh", "-c", "id -u; pwd; echo $N"])
            .unwrap(),
        "65534\n/tmp\n2"
    );
    let mut command = knarr.command(&["exec", "-i", "joined", "cat"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"through").unwrap();
    assert_eq!(child.wait_with_output().unwrap().stdout, b"through");
    assert!(knarr.ok(&["top", "joined"]).unwrap().contains("sleep 1000"));
    host.finish().unwrap();
}

#[test]
fn init_reaps_and_forwards() {
    let (host, knarr) = host();
    knarr
        .ok(&["run", "-d", "--init", "--name", "reaper", IMAGE, "sh", "-c", "(sleep 0.1 &) ; exec sleep 1000"])
        .unwrap();
    wait_for("the orphan is reaped", Duration::from_secs(5), || {
        !knarr.ok(&["exec", "reaper", "ps"]).unwrap().contains("sleep 0.1")
            && !knarr.ok(&["exec", "reaper", "ps"]).unwrap().contains("[sleep]")
    })
    .unwrap();
    knarr.ok(&["stop", "-t", "5", "reaper"]).unwrap();
    assert_eq!(inspect(&knarr, "{{.State.ExitCode}}", "reaper"), "143", "SIGTERM did not reach the program");
    host.finish().unwrap();
}

#[test]
fn restart_policies_restart() {
    let (host, knarr) = host();
    knarr.ok(&["run", "-d", "--name", "fails", "--restart", "on-failure:2", IMAGE, "false"]).unwrap();
    wait_for("it gave up", Duration::from_secs(10), || {
        inspect(&knarr, "{{.RestartCount}} {{.State.Status}}", "fails") == "2 exited"
    })
    .unwrap();
    knarr.ok(&["run", "-d", "--name", "always", "--restart", "always", IMAGE, "sleep", "1000"]).unwrap();
    let pid = inspect(&knarr, "{{.State.Pid}}", "always");
    knarr.ok(&["exec", "always", "kill", "-9", "1"]).ok();
    knarr.ok(&["kill", "--signal", "KILL", "always"]).unwrap();
    assert_eq!(inspect(&knarr, "{{.State.Running}}", "always"), "false", "a killed container is not started again");
    knarr.ok(&["start", "always"]).unwrap();
    assert_ne!(inspect(&knarr, "{{.State.Pid}}", "always"), pid);
    host.finish().unwrap();
}

#[test]
fn one_shot_containers_remove_themselves() {
    let (host, knarr) = host();
    knarr.ok(&["run", "-d", "--rm", "-v", "/anonymous", IMAGE, "true"]).unwrap();
    wait_for("it is gone", Duration::from_secs(5), || knarr.ok(&["ps", "-aq"]).unwrap().is_empty()).unwrap();
    assert_eq!(knarr.ok(&["volume", "ls", "-q"]).unwrap(), "", "its anonymous volume stays");
    host.finish().unwrap();
}

#[test]
fn shared_memory_has_its_size_whoever_shares_it() {
    let mut pair = host();
    let knarr = pair.1.clone();
    let too_much = "dd if=/dev/zero of=/dev/shm/x bs=1M count=3 2>&1 | grep -c 'No space'; rm -f /dev/shm/x";
    for mode in ["private", "shareable"] {
        let run = ["run", "--rm", "--ipc", mode, "--shm-size", "2m", IMAGE, "sh", "-c", too_much];
        assert_eq!(knarr.ok(&run).unwrap(), "1", "{mode}");
    }
    let none = ["run", "--rm", "--ipc", "none", IMAGE, "sh", "-c", "grep -c ' /dev/shm ' /proc/mounts; true"];
    assert_eq!(knarr.ok(&none).unwrap(), "0");
    let owner = ["run", "-d", "--name", "owner", "--ipc", "shareable", "--shm-size", "2m", IMAGE, "sleep", "1000"];
    knarr.ok(&owner).unwrap();
    // Also of an owner that an earlier daemon has started.
    pair.0.kill_daemon().unwrap();
    pair.0.resume().unwrap();
    let script = format!("echo told > /dev/shm/word; {too_much}");
    assert_eq!(knarr.ok(&["run", "--rm", "--ipc", "container:owner", IMAGE, "sh", "-c", &script]).unwrap(), "1");
    assert_eq!(knarr.ok(&["exec", "owner", "cat", "/dev/shm/word"]).unwrap(), "told");
    assert_eq!(knarr.ok(&["run", "--rm", IMAGE, "ls", "/dev/shm"]).unwrap(), "", "another one sees it");
    pair.0.finish().unwrap();
}
