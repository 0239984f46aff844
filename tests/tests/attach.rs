//! Attaching to containers in every state, and output that somebody else holds open.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host, Running};

fn host() -> (Host, Client) {
    let host = Host::start().unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, "busybox").unwrap();
    (host, knarr)
}

/// A client with its two ends.
fn talking(mut command: Command) -> (std::process::Child, ChildStdin, BufReader<ChildStdout>) {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    (child, input, BufReader::new(output))
}

fn line(output: &mut impl std::io::BufRead) -> String {
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    line
}

#[test]
fn only_what_runs_can_be_attached_to_and_start_attaches_the_rest() {
    let (host, knarr) = host();
    knarr.ok(&["create", "-i", "--name", "still", "busybox", "cat"]).unwrap();
    knarr.ok(&["run", "-di", "--name", "frozen", "busybox", "cat"]).unwrap();
    knarr.ok(&["pause", "frozen"]).unwrap();
    for client in [host.docker(), host.knarr()] {
        let said = client.fails(&["attach", "still"]).unwrap().stderr;
        assert!(said.to_lowercase().contains("cannot attach to a stopped container, start it first"), "{said}");
        let said = client.fails(&["attach", "frozen"]).unwrap().stderr;
        assert!(said.to_lowercase().contains("cannot attach to a paused container, unpause it first"), "{said}");
    }
    knarr.ok(&["unpause", "frozen"]).unwrap();
    for words in [&["start", "-ai", "still"][..], &["attach", "frozen"]] {
        let (mut child, mut input, mut output) = talking(knarr.command(words));
        input.write_all(b"hello\n").unwrap();
        assert_eq!(line(&mut output), "hello\n", "{words:?}");
        knarr.ok(&["kill", words[words.len() - 1]]).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(137), "{words:?}");
    }
    host.finish().unwrap();
}

#[test]
fn a_container_without_a_log_is_attached_to_all_the_same() {
    let (host, knarr) = host();
    knarr.ok(&["run", "-di", "--name", "quiet", "--log-driver", "none", "busybox", "cat"]).unwrap();
    for client in [host.docker(), host.knarr()] {
        let (child, mut input, mut output) = talking(client.command(&["attach", "quiet"]));
        input.write_all(b"heard\n").unwrap();
        assert_eq!(line(&mut output), "heard\n", "{}", client.name());
        let mut child = child;
        child.kill().unwrap();
        child.wait().unwrap();
        let said = client.fails(&["logs", "quiet"]).unwrap().stderr;
        assert!(said.contains("configured logging driver does not support reading"), "{said}");
    }
    let folder = host.data_root().join("containers");
    let id = knarr.ok(&["inspect", "-f", "{{.Id}}", "quiet"]).unwrap();
    let logged = std::fs::read_dir(folder.join(id).join("log")).map(Iterator::count).unwrap_or_default();
    assert_eq!(logged, 0, "something is kept");
    host.finish().unwrap();
}

/// In the host's PID namespace a process may outlive the first one, with its output open: what was written is all there, and the end is not
/// waited for.
#[test]
fn who_holds_the_output_open_holds_nobody_up() {
    let (host, knarr) = host();
    let script = "(seq 1 9000; exec sleep 1000) & while ! kill -0 $! || [ \"$(cat /proc/$!/comm)\" != sleep ]; do sleep 0.02; done; exit 3";
    let output = knarr.run(&["run", "--name", "held", "--pid", "host", "busybox", "sh", "-c", script]).unwrap();
    let all: String = (1..=9000).map(|number| format!("{number}\n")).collect();
    assert!(output.code == 3 && output.stdout == all, "{} {}", output.code, output.stderr);
    assert_eq!(knarr.ok(&["logs", "held"]).unwrap() + "\n", all);
    assert_eq!(knarr.ok(&["inspect", "-f", "{{.State.Status}}", "held"]).unwrap(), "exited");

    let endless = "yes & exit 4";
    let mut command = knarr.command(&["run", "--rm", "--pid", "host", "busybox", "sh", "-c", endless]);
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(4));
    host.finish().unwrap();
}

#[test]
fn a_session_ends_with_its_program_whatever_that_leaves_running() {
    let (host, knarr) = host();
    knarr.ok(&["run", "-d", "--name", "life", "busybox", "sleep", "1000"]).unwrap();
    for client in [host.docker(), host.knarr()] {
        let script = "sleep 2000 & echo early; exit 5";
        let output = client.run(&["exec", "life", "sh", "-c", script]).unwrap();
        assert_eq!((output.stdout.as_str(), output.code), ("early\n", 5), "{}", client.name());
    }
    let shown = knarr.ok(&["top", "life", "-eo", "args"]).unwrap();
    assert_eq!(shown.matches("sleep 2000").count(), 2, "{shown}");
    host.finish().unwrap();
}

/// One that reads nothing holds the program back once everything is full; others that come see what goes on when it has gone.
#[test]
fn an_attached_client_that_leaves_frees_the_program() {
    let (host, knarr) = host();
    let script = "read go; yes | head -c 3000000; echo done; read go";
    knarr.ok(&["run", "-di", "--name", "talks", "busybox", "sh", "-c", script]).unwrap();
    let mut command = knarr.command(&["attach", "talks"]);
    let mut deaf = Running::start(command.stdin(Stdio::piped()).stdout(Stdio::piped())).unwrap();
    let (mut child, mut input, output) = talking(knarr.command(&["attach", "talks"]));
    deaf.signal(rustix::process::Signal::STOP).unwrap();
    input.write_all(b"\n").unwrap();
    deaf.kill().unwrap();
    let mut lines = output.lines().map(Result::unwrap);
    assert!(lines.any(|line| line == "done"), "the program goes on");
    input.write_all(b"\n").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    host.finish().unwrap();
}
