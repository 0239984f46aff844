//! `run` in the foreground: output, exit code, signals.

use std::io::{BufRead, BufReader, Read};

use knarr_runtime_cases::{Runtime, cases, until};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

cases! {
    output_is_the_programs: ["cli/run"],
    every_exit_code_arrives: ["cli/run"],
    a_killed_program_is_128_and_the_signal: ["cli/run"],
    signals_are_forwarded: ["cli/run"],
    standard_input_is_the_programs: ["cli/run"],
    nothing_is_left: ["cli/run", "runtime/delete"],
    an_id_can_be_used_again: ["runtime/delete-id"],
    detached_leaves_a_running_container: ["cli/run"],
    the_bundle_is_the_present_folder_by_default: ["cli/run"],
    short_flags_are_known: ["cli/run"],
    keep_leaves_a_stopped_container: ["cli/run"] Ours("runc has it since 1.2, crun since 1.9"),
}

fn output_is_the_programs(runtime: &Runtime) {
    let outcome = runtime.shell("echo out; echo err >&2; exit 42").run();
    assert_eq!(outcome.code(), Some(42));
    assert_eq!(outcome.stdout, "out\n");
    assert_eq!(outcome.stderr, "err\n");
}

fn every_exit_code_arrives(runtime: &Runtime) {
    let mut bundle = runtime.program(&[]);
    for code in [0, 1, 2, 126, 127, 128, 254, 255] {
        bundle.set("/process/args", vec!["sh".to_owned(), "-c".to_owned(), format!("exit {code}")]);
        assert_eq!(bundle.run().code(), Some(code));
    }
}

fn a_killed_program_is_128_and_the_signal(runtime: &Runtime) {
    let mut bundle = runtime.shell("kill -9 $$");
    // As first process of a PID namespace it could not kill itself.
    bundle.without_namespace("pid");
    assert_eq!(bundle.run().code(), Some(137));
}

fn signals_are_forwarded(runtime: &Runtime) {
    let bundle = runtime.shell("trap 'echo got; exit 7' TERM; echo ready; while :; do sleep 0.05; done");
    let mut child = bundle.spawn();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let process = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).unwrap();
    pidfd_send_signal(&process, Signal::TERM).unwrap();
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "got\n");
    assert_eq!(child.wait().unwrap().code(), Some(7));
}

fn standard_input_is_the_programs(runtime: &Runtime) {
    use std::io::Write;
    let bundle = runtime.program(&["/bin/cat"]);
    let mut child = bundle.spawn();
    child.stdin.take().unwrap().write_all(b"hello\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"hello\n");
}

fn nothing_is_left(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/true"]);
    bundle.output();
    bundle.assert_nothing_left();
    assert_eq!(std::fs::read_dir(bundle.records()).map_or(0, Iterator::count), 0);
}

fn an_id_can_be_used_again(runtime: &Runtime) {
    let bundle = runtime.shell("echo again");
    assert_eq!(bundle.output(), "again\n");
    assert_eq!(bundle.output(), "again\n");
}

fn detached_leaves_a_running_container(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    assert_eq!(bundle.status(), "running");
}

fn the_bundle_is_the_present_folder_by_default(runtime: &Runtime) {
    let bundle = runtime.shell("echo here");
    let mut command = bundle.command(&["run", bundle.id()]);
    command.current_dir(bundle.path());
    assert_eq!(bundle.finish(command).ok(), "here\n");
}

fn short_flags_are_known(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.ok(&["run", "-d", "-b", bundle.word(), bundle.id()]);
    assert_eq!(bundle.status(), "running");
}

fn keep_leaves_a_stopped_container(runtime: &Runtime) {
    let bundle = runtime.shell("exit 3");
    assert_eq!(bundle.verb(&["run", "--keep", "--bundle", bundle.word(), bundle.id()]).code(), Some(3));
    until("stopped", || bundle.status() == "stopped");
    bundle.ok(&["delete", bundle.id()]);
}
