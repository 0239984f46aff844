//! An unmodified containerd and its `ctr`, with containers under knarr's shim. Running, exit codes, exec, pause, metrics, stdin and the
//! terminal were first seen to hold with `io.containerd.runc.v2`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use knarr_e2e::containerd::{Containerd, IMAGE};
use knarr_e2e::{Output, wait_for};

/// A loop that ends with a code of its own when it is told to.
fn until_term(code: i32) -> String {
    format!("trap 'exit {code}' TERM; while :; do sleep 0.1; done")
}

/// Whether a process runs. Whom a killed shim leaves dead is the machine's first process's to bury, in its own time.
fn runs(pid: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn a_container_runs_and_its_output_and_exit_code_arrive() {
    let host = Containerd::start().unwrap();
    for snapshotter in ["overlayfs", "native"] {
        let flags = ["--rm", "--snapshotter", snapshotter, IMAGE, "c1"];
        let run = |words: &[&str]| Output::of(&mut host.ctr_run(&[&flags, words].concat())).unwrap();
        let output = run(&["sh", "-c", "echo out; echo err >&2; echo kept >/file && cat /file"]);
        assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("out\nkept\n", "err\n"), "{snapshotter}");
        assert_eq!(run(&["sh", "-c", "exit 7"]).code, 7);
    }
    // Everything that was written is there, whatever the size.
    let output = Output::of(&mut host.ctr_run(&["--rm", IMAGE, "c2", "seq", "200000"])).unwrap();
    assert_eq!(output.stdout.lines().count(), 200_000);
    assert!(output.stdout.ends_with("\n200000\n"));
    host.finish().unwrap();
}

#[test]
fn what_cannot_run_is_refused_in_words_and_leaves_nothing() {
    let host = Containerd::start().unwrap();
    let output = Output::of(&mut host.ctr_run(&["--rm", IMAGE, "c1", "/nope"])).unwrap();
    assert_ne!(output.code, 0);
    assert!(output.stderr.contains("/nope") && output.stderr.contains("no such file"), "{}", output.stderr);
    let output =
        Output::of(&mut host.ctr_run(&["--rm", "--log-uri", "binary:///bin/true", IMAGE, "c2", "true"])).unwrap();
    assert!(output.stderr.contains("binary:// is not supported"), "{}", output.stderr);
    for id in ["c1", "c2"] {
        let _removed_by_rm_already = host.run(&["containers", "delete", id]);
    }
    host.finish().unwrap();
}

#[test]
fn standard_input_is_read_to_its_end() {
    let host = Containerd::start().unwrap();
    let script = "echo ready; while read line; do echo got $line; done; echo end";
    let mut command = host.ctr_run(&["--rm", IMAGE, "c1", "sh", "-c", script]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    input.write_all(b"one\ntwo\n").unwrap();
    drop(input);
    output.read_to_string(&mut line).unwrap();
    assert_eq!(line, "ready\ngot one\ngot two\nend\n");
    assert!(child.wait().unwrap().success());
    host.finish().unwrap();
}

#[test]
fn a_terminal_is_one_and_has_a_size() {
    let host = Containerd::start().unwrap();
    // The size arrives a moment after the start.
    let script = r#"'tty; until [ "$(stty size)" = "33 77" ]; do sleep 0.05; done; exit 4'"#;
    let inner = host.ctr_run(&["--rm", "-t", IMAGE, "c1", "sh", "-c", script]);
    let words: Vec<String> =
        [inner.get_program()].into_iter().chain(inner.get_args()).map(|w| w.to_string_lossy().into()).collect();
    let line = format!("stty rows 33 cols 77; {}", words.join(" "));
    let output = Output::of(Command::new("script").args(["-qec", &line, "/dev/null"]).stdin(Stdio::piped())).unwrap();
    assert!(output.stdout.contains("/dev/pts/0"), "{}", output.stdout);
    assert_eq!(output.code, 4, "{}", output.stdout);
    host.finish().unwrap();
}

#[test]
fn processes_are_added_listed_measured_paused_and_killed() {
    let host = Containerd::start().unwrap();
    host.background("c1", &[], &until_term(9)).unwrap();
    let fifos = host.path().join("fifo").to_string_lossy().into_owned();
    let exec = |id: &str, words: &[&str]| {
        host.run(&[&["tasks", "exec", "--fifo-dir", &fifos, "--exec-id", id, "c1"], words].concat()).unwrap()
    };
    let output = exec("e1", &["sh", "-c", "echo in; echo err >&2; exit 5"]);
    assert_eq!((output.code, output.stdout.as_str(), output.stderr.as_str()), (5, "in\n", "err\n"));
    let output = exec("e2", &["/nope"]);
    assert!(output.code != 0 && output.stderr.contains("/nope"), "{}", output.stderr);
    let mut sleeping = host.ctr(&["tasks", "exec", "--fifo-dir", &fifos, "--exec-id", "e3", "c1", "sleep", "1000"]);
    let mut sleeping = sleeping.spawn().unwrap();
    wait_for("ps shows the process", Duration::from_secs(10), || {
        host.ok(&["tasks", "ps", "c1"]).unwrap().contains("e3")
    })
    .unwrap();
    host.ok(&["tasks", "kill", "--exec-id", "e3", "--signal", "SIGKILL", "c1"]).unwrap();
    assert_eq!(sleeping.wait().unwrap().code(), Some(137));
    let metrics = host.ok(&["tasks", "metrics", "c1"]).unwrap();
    let value = |key: &str| {
        let row = metrics.lines().find(|line| line.starts_with(key)).unwrap_or_else(|| panic!("{key}: {metrics}"));
        row.split_whitespace().last().unwrap().parse::<u64>().unwrap()
    };
    assert!(value("pids.current") >= 1);
    assert!(value("memory.usage") > 0);
    host.ok(&["tasks", "pause", "c1"]).unwrap();
    assert_eq!(host.status("c1").unwrap().as_deref(), Some("PAUSED"));
    host.ok(&["tasks", "resume", "c1"]).unwrap();
    assert_eq!(host.status("c1").unwrap().as_deref(), Some("RUNNING"));
    host.ok(&["tasks", "kill", "--signal", "SIGTERM", "c1"]).unwrap();
    assert_eq!(host.end("c1").unwrap(), 9);
    // One that is paused dies too.
    host.background("c2", &[], "sleep 1000").unwrap();
    host.ok(&["tasks", "pause", "c2"]).unwrap();
    host.ok(&["tasks", "kill", "--signal", "SIGKILL", "c2"]).unwrap();
    assert_eq!(host.end("c2").unwrap(), 137);
    host.finish().unwrap();
}

#[test]
fn the_containers_of_a_pod_share_a_shim_that_ends_with_the_last() {
    let host = Containerd::start().unwrap();
    let pod = ["--annotation", "io.kubernetes.cri.sandbox-id=pod"];
    for id in ["c1", "c2"] {
        host.background(id, &pod, &until_term(0)).unwrap();
    }
    host.background("alone", &[], &until_term(0)).unwrap();
    let shim = host.shim("c1").unwrap();
    let address = |id: &str| std::fs::read_to_string(host.bundle(id).join("address")).unwrap();
    assert_eq!(address("c1"), address("c2"));
    assert_ne!(address("c1"), address("alone"));
    let socket = address("c1").trim_start_matches("unix://").to_owned();
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&socket).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    for id in ["c1", "alone", "c2"] {
        assert!(Path::new(&format!("/proc/{shim}")).exists());
        host.ok(&["tasks", "kill", "--signal", "SIGTERM", id]).unwrap();
        assert_eq!(host.end(id).unwrap(), 0);
    }
    let gone = || !Path::new(&format!("/proc/{shim}")).exists() && !Path::new(&socket).exists();
    wait_for("the shim ends", Duration::from_secs(10), gone).unwrap();
    host.finish().unwrap();
}

#[test]
fn containers_outlive_a_killed_containerd_with_exact_exit_codes() {
    let mut host = Containerd::start().unwrap();
    host.background("lives", &[], &until_term(11)).unwrap();
    let go = host.path().join("go");
    std::fs::create_dir(&go).unwrap();
    let bind = format!("type=bind,src={},dst=/go,options=rbind:rw", go.display());
    host.background("ends", &["--mount", &bind], "until [ -e /go/now ]; do sleep 0.05; done; exit 12").unwrap();
    host.kill().unwrap();
    std::fs::write(go.join("now"), "").unwrap();
    let init = std::fs::read_to_string(host.bundle("ends").join("knarr/init/pid")).unwrap();
    let ended = || !runs(&init);
    wait_for("the container ends while containerd is away", Duration::from_secs(10), ended).unwrap();
    host.resume().unwrap();
    assert_eq!(host.end("ends").unwrap(), 12);
    assert_eq!(host.status("lives").unwrap().as_deref(), Some("RUNNING"));
    host.ok(&["tasks", "kill", "--signal", "SIGTERM", "lives"]).unwrap();
    assert_eq!(host.end("lives").unwrap(), 11);
    host.finish().unwrap();
}

#[test]
fn a_killed_shim_leaves_nothing() {
    let host = Containerd::start().unwrap();
    host.background("c1", &[], "sleep 1000").unwrap();
    let init = std::fs::read_to_string(host.bundle("c1").join("knarr/init/pid")).unwrap();
    let address = std::fs::read_to_string(host.bundle("c1").join("address")).unwrap();
    let shim = rustix::process::Pid::from_raw(host.shim("c1").unwrap() as i32).unwrap();
    let shim = rustix::process::pidfd_open(shim, rustix::process::PidfdFlags::empty()).unwrap();
    rustix::process::pidfd_send_signal(shim, rustix::process::Signal::KILL).unwrap();
    let gone =
        || !runs(&init) && !host.bundle("c1").exists() && !Path::new(address.trim_start_matches("unix://")).exists();
    let told = || {
        let stat = std::fs::read_to_string(Path::new("/proc").join(&init).join("stat"));
        format!("process {stat:?}, bundle {}, socket {address}", host.bundle("c1").exists())
    };
    wait_for("containerd cleans up by `delete`", Duration::from_secs(20), gone).with_context(told).unwrap();
    assert_eq!(host.status("c1").unwrap(), None);
    host.ok(&["containers", "delete", "c1"]).unwrap();
    host.finish().unwrap();
}

#[test]
fn events_come_in_order_and_tell_of_want_of_memory() {
    let host = Containerd::start().unwrap();
    let log = host.path().join("events");
    let mut events = host.ctr(&["events"]);
    let mut events = events.stdout(std::fs::File::create(&log).unwrap()).spawn().unwrap();
    let said = || std::fs::read_to_string(&log).unwrap();
    // Until it listens: labels make events.
    let listens = || {
        host.ok(&["images", "label", IMAGE, "listens=yes"]).unwrap();
        said().contains("/images/update")
    };
    wait_for("ctr listens to events", Duration::from_secs(10), listens).unwrap();
    let limit = ["--rm", "--memory-limit", "16777216", IMAGE, "c1", "tail", "/dev/zero"];
    let output = Output::of(&mut host.ctr_run(&limit)).unwrap();
    assert_eq!(output.code, 137, "{}", output.stderr);
    wait_for("the last event", Duration::from_secs(10), || said().contains("/tasks/delete")).unwrap();
    events.kill().unwrap();
    events.wait().unwrap();
    let text = said();
    let topics: Vec<&str> = text.split_whitespace().filter(|word| word.starts_with("/tasks/")).collect();
    assert_eq!(topics, ["/tasks/create", "/tasks/start", "/tasks/oom", "/tasks/exit", "/tasks/delete"], "{text}");
    host.finish().unwrap();
}

#[test]
fn a_container_inherits_no_descriptors_and_we_have_no_abstract_sockets() {
    let host = Containerd::start().unwrap();
    host.background("c1", &[], "sleep 1000").unwrap();
    let fds = ["tasks", "exec", "--exec-id", "e1", "c1", "sh", "-c", "ls /proc/1/fd /proc/self/fd"];
    // The list's own folder is the last one.
    assert_eq!(host.ok(&fds).unwrap(), "/proc/1/fd:\n0\n1\n2\n\n/proc/self/fd:\n0\n1\n2\n3");
    let shim = host.shim("c1").unwrap();
    let mine: Vec<String> = std::fs::read_dir(format!("/proc/{shim}/fd"))
        .unwrap()
        .flatten()
        .filter_map(|entry| std::fs::read_link(entry.path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.trim_end_matches(']').to_owned()))
        .collect();
    let sockets = std::fs::read_to_string("/proc/net/unix").unwrap();
    let abstract_ones = sockets.lines().filter(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.get(6).is_some_and(|inode| mine.iter().any(|own| own == inode))
            && words.get(7).is_some_and(|name| name.starts_with('@'))
    });
    assert_eq!(abstract_ones.count(), 0);
    host.ok(&["tasks", "kill", "--signal", "SIGKILL", "c1"]).unwrap();
    assert_eq!(host.end("c1").unwrap(), 137);
    host.finish().unwrap();
}
