//! The command line as such: wrong verbs and flags, ids, logs, pid files, descriptors.

use std::process::Command;

use knarr_runtime_cases::{Bundle, DESCRIPTORS, Runtime, cases};
use serde_json::Value;

cases! {
    an_unknown_flag_is_refused: ["cli/usage"],
    an_unknown_verb_is_refused: ["cli/usage"] Ours("runc 1.1 prints its help and succeeds"),
    help_is_printed: ["cli/usage"],
    flags_may_follow_the_id: ["cli/usage"] Ours("runc 1.1 takes them for words"),
    debug_is_logged_when_asked: ["cli/log"],
    odd_ids_are_taken: ["cli/ids", "flaw/24"],
    a_long_id_is_taken: ["cli/ids"],
    the_log_is_json: ["cli/log"],
    the_log_is_text_by_default: ["cli/log"],
    the_log_is_appended_to: ["cli/log"],
    an_unknown_log_format_is_refused: ["cli/log"],
    a_success_logs_no_error: ["cli/log"],
    the_pid_file_has_the_first_process: ["cli/pid-file"],
    the_pid_file_of_create: ["cli/pid-file"],
    a_pid_file_that_cannot_be_written_fails: ["cli/pid-file", "runtime/errors"],
    no_descriptor_leaks: ["cli/preserve-fds", "flaw/2"],
    descriptors_can_be_preserved: ["cli/preserve-fds"],
    the_root_may_be_relative: ["cli/root"],
    roots_are_worlds_of_their_own: ["cli/root", "runtime/create-unique"],
    the_folder_of_records_is_made: ["cli/root"],
    the_folder_of_records_is_closed_to_others: ["cli/root", "flaw/34"] Ours("runc and crun give 0711"),
    a_session_keyring_is_its_own: ["cli/keyring"],
}

fn an_unknown_flag_is_refused(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/true"]);
    let said = bundle.refused(&["run", "--no-such-flag", "--bundle", bundle.word(), bundle.id()]);
    assert!(said.contains("no-such-flag"), "{said}");
    bundle.refused(&["--no-such-flag", "list"]);
    bundle.assert_nothing_left();
}

fn an_unknown_verb_is_refused(runtime: &Runtime) {
    let said = runtime.program(&["/bin/true"]).refused(&["dance"]);
    assert!(said.contains("dance"), "{said}");
}

fn help_is_printed(runtime: &Runtime) {
    let text = runtime.program(&["/bin/true"]).ok(&["--help"]);
    for verb in ["create", "start", "state", "kill", "delete", "exec"] {
        assert!(text.contains(verb), "{verb}: {text}");
    }
}

fn flags_may_follow_the_id(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    bundle.ok(&["kill", bundle.id(), "KILL", "--all"]);
    bundle.ok(&["delete", bundle.id(), "--force"]);
}

fn debug_is_logged_when_asked(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/true"]);
    let levels = |words: &[&str]| {
        let outcome = bundle.verb(words);
        outcome.log.iter().any(|line| line["level"] == "debug")
    };
    assert!(levels(&["--debug", "run", "--bundle", bundle.word(), bundle.id()]));
    assert!(!levels(&["run", "--bundle", bundle.word(), bundle.id()]));
}

/// Runs the container under another id.
pub fn run_as(bundle: &Bundle<'_>, id: &str) -> knarr_runtime_cases::Outcome {
    bundle.verb(&["run", "--bundle", bundle.word(), id])
}

fn odd_ids_are_taken(runtime: &Runtime) {
    let bundle = runtime.shell("echo ran");
    for id in ["a", "A.b-c_d+e", "0", "...", "_", "a..b"] {
        assert_eq!(run_as(&bundle, id).ok(), "ran\n", "{id}");
    }
}

fn a_long_id_is_taken(runtime: &Runtime) {
    let bundle = runtime.shell("echo ran");
    assert_eq!(run_as(&bundle, &"x".repeat(64)).ok(), "ran\n");
}

fn the_log_is_json(runtime: &Runtime) {
    let bundle = runtime.program(&["nope"]);
    let outcome = bundle.run();
    let line = outcome.log.iter().find(|line| line["level"] == "error").expect("an error");
    assert!(line["msg"].as_str().unwrap().contains("executable file not found"), "{line}");
    assert!(line["time"].as_str().unwrap().contains('T'), "{line}");
}

fn plain(bundle: &Bundle<'_>, format: &[&str]) -> (knarr_runtime_cases::Outcome, String) {
    bundle.write("config.json", &bundle.to_string());
    let mut command = bundle.runtime().command();
    command.arg("--root").arg(bundle.records()).arg("--log").arg(bundle.file("plain.log")).args(format);
    command.args(["run", "--bundle", bundle.word(), bundle.id()]);
    let outcome = bundle.finish(command);
    (outcome, bundle.read("plain.log"))
}

fn the_log_is_text_by_default(runtime: &Runtime) {
    let bundle = runtime.program(&["nope"]);
    let (outcome, log) = plain(&bundle, &[]);
    assert!(!outcome.status.success());
    assert!(log.contains("level=error") && log.contains("executable file not found"), "{log}");
}

fn the_log_is_appended_to(runtime: &Runtime) {
    let bundle = runtime.program(&["nope"]);
    bundle.write("plain.log", "from before\n");
    let (_, log) = plain(&bundle, &["--log-format", "json"]);
    assert!(log.starts_with("from before\n") && log.lines().count() > 1, "{log}");
}

fn an_unknown_log_format_is_refused(runtime: &Runtime) {
    let (outcome, _) = plain(&runtime.program(&["/bin/true"]), &["--log-format", "yaml"]);
    assert!(!outcome.status.success());
}

fn a_success_logs_no_error(runtime: &Runtime) {
    let outcome = runtime.program(&["/bin/true"]).run();
    let errors: Vec<&Value> = outcome.log.iter().filter(|line| line["level"] == "error").collect();
    assert!(errors.is_empty(), "{errors:?}");
}

fn the_pid_file_has_the_first_process(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/sleep", "1000"]);
    let file = bundle.file("pid");
    bundle.ok(&["run", "--detach", "--pid-file", &file, "--bundle", bundle.word(), bundle.id()]);
    assert_eq!(bundle.read("pid"), bundle.pid().to_string());
}

fn the_pid_file_of_create(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/sleep", "1000"]);
    let file = bundle.file("pid");
    bundle.ok(&["create", "--pid-file", &file, "--bundle", bundle.word(), bundle.id()]);
    assert_eq!(bundle.read("pid"), bundle.pid().to_string());
}

fn a_pid_file_that_cannot_be_written_fails(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.refused(&["create", "--pid-file", "/no/such/folder/pid", "--bundle", bundle.word(), bundle.id()]);
    bundle.assert_nothing_left();
}

fn no_descriptor_leaks(runtime: &Runtime) {
    assert_eq!(runtime.shell(DESCRIPTORS).output(), "0\n1\n2\n");
}

/// The command, from a shell that has opened descriptors.
pub fn with_descriptors(bundle: &Bundle<'_>, opened: &str, words: &[&str]) -> Command {
    let inner = bundle.command(words);
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("exec {opened}; exec \"$@\""), "sh"]);
    command.arg(inner.get_program()).args(inner.get_args());
    command
}

fn descriptors_can_be_preserved(runtime: &Runtime) {
    let bundle = runtime.shell(&format!("{DESCRIPTORS}; cat <&4"));
    let file = bundle.write("data", "through\n");
    let opened = format!("3</dev/null 4<{file} 5</dev/null 6</dev/null");
    let words = ["run", "--preserve-fds", "2", "--bundle", bundle.word(), bundle.id()];
    assert_eq!(bundle.finish(with_descriptors(&bundle, &opened, &words)).ok(), "0\n1\n2\n3\n4\nthrough\n");
}

fn the_root_may_be_relative(runtime: &Runtime) {
    let bundle = runtime.shell("echo ran");
    bundle.write("config.json", &bundle.to_string());
    let mut command = runtime.command();
    command.current_dir(bundle.path()).args(["--root", "records", "run", "--bundle", ".", bundle.id()]);
    assert_eq!(bundle.finish(command).ok(), "ran\n");
}

fn roots_are_worlds_of_their_own(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    let mut command = runtime.command();
    command.arg("--root").arg(bundle.file("other")).args(["state", bundle.id()]);
    bundle.finish(command).refused();
}

fn the_folder_of_records_is_made(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/sleep", "1000"]);
    assert!(!bundle.records().exists());
    bundle.start();
    assert!(bundle.records().join(bundle.id()).is_dir());
}

fn the_folder_of_records_is_closed_to_others(runtime: &Runtime) {
    use std::os::unix::fs::PermissionsExt;
    let bundle = runtime.sleeper();
    for folder in [bundle.records(), bundle.records().join(bundle.id())] {
        let mode = std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o700, "{folder:?}");
    }
}

fn a_session_keyring_is_its_own(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.ok(&["run", "--no-new-keyring", "--detach", "--bundle", bundle.word(), bundle.id()]);
    assert_eq!(bundle.status(), "running");
}
