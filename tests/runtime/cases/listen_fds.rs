//! Sockets of a service manager's (sd_listen_fds(3)) are the program's.

use std::process::Command;

use knarr_runtime_cases::{Bundle, DESCRIPTORS, Outcome, Runtime, cases};

cases! {
    sockets_and_their_number_arrive: ["cli/preserve-fds"],
    those_of_another_process_do_not: ["cli/preserve-fds"],
}

/// Runs the container from a shell that has opened two descriptors, and says for whom.
fn run(bundle: &Bundle<'_>, pid: &str) -> Outcome {
    let inner = bundle.command(&["run", "--bundle", bundle.word(), bundle.id()]);
    let script = format!("export LISTEN_PID={pid} LISTEN_FDS=2; exec \"$@\" 3</dev/null 4</dev/null");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script, "sh"]).arg(inner.get_program()).args(inner.get_args());
    bundle.finish(shell)
}

fn sockets_and_their_number_arrive(runtime: &Runtime) {
    let bundle = runtime.shell(&format!("echo $LISTEN_FDS $LISTEN_PID; {DESCRIPTORS}"));
    assert_eq!(run(&bundle, "$$").ok(), "2 1\n0\n1\n2\n3\n4\n");
}

fn those_of_another_process_do_not(runtime: &Runtime) {
    let bundle = runtime.shell(&format!("echo $LISTEN_FDS; {DESCRIPTORS}"));
    assert_eq!(run(&bundle, "1").ok(), "\n0\n1\n2\n");
}
