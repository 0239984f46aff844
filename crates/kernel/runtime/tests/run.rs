//! run: the program's output, exit code, signals, and that nothing stays behind.

mod support;

use std::io::{BufRead, BufReader, Read};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use support::Bundle;

#[test]
fn the_output_and_the_exit_code_are_the_programs() {
    let output = Bundle::shell("echo out; echo err >&2; exit 42").run();
    assert_eq!(output.status.code(), Some(42));
    assert_eq!(output.stdout, b"out\n");
    assert_eq!(output.stderr, b"err\n");
}

#[test]
fn every_exit_code_arrives() {
    for code in [0, 1, 2, 126, 127, 128, 254, 255] {
        let output = Bundle::shell(&format!("exit {code}")).run();
        assert_eq!(output.status.code(), Some(code));
    }
}

#[test]
fn a_killed_program_is_128_and_the_signal() {
    let mut bundle = Bundle::shell("kill -9 $$");
    // As first process of a PID namespace it could not kill itself.
    bundle.linux().namespaces.retain(|namespace| namespace.kind != knarr_spec::NamespaceKind::Pid);
    assert_eq!(bundle.run().status.code(), Some(137));
}

#[test]
fn signals_are_forwarded_in_the_foreground() {
    let bundle = Bundle::shell("trap 'echo got; exit 7' TERM; echo ready; while :; do sleep 0.05; done");
    let mut child = bundle.spawn();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let runtime = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).unwrap();
    pidfd_send_signal(&runtime, Signal::TERM).unwrap();
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "got\n");
    assert_eq!(child.wait().unwrap().code(), Some(7));
}

#[test]
fn nothing_is_left_after_a_run() {
    let bundle = Bundle::program(&["/bin/true"]);
    assert!(bundle.run().status.success());
    bundle.assert_nothing_left();
    assert_eq!(std::fs::read_dir(bundle.records()).unwrap().count(), 0);
}

#[test]
fn the_environment_and_the_working_directory_are_the_documents() {
    let mut bundle = Bundle::shell("pwd; echo $HOME $GREETING; id -u; umask");
    bundle.process().cwd = "/made/on/the/way".into();
    bundle.process().env.push("GREETING=hello".into());
    bundle.process().user.uid = 1000;
    bundle.process().user.umask = Some(0o077);
    assert_eq!(bundle.output(), "/made/on/the/way\n/home/alice hello\n1000\n0077\n");
}

#[test]
fn supplementary_groups_are_those_of_the_document_and_no_others() {
    let mut bundle = Bundle::program(&["/bin/id", "-G"]);
    bundle.process().user.gid = 7;
    bundle.process().user.additional_gids = vec![8, 9];
    assert_eq!(bundle.output(), "7 8 9\n");
}

#[test]
fn descriptors_of_the_caller_do_not_leak() {
    let bundle = Bundle::shell(support::DESCRIPTORS);
    assert_eq!(bundle.output(), "0\n1\n2\n");
}
