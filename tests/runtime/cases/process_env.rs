//! `process.env`, and the home folder.

use knarr_runtime_cases::{Runtime, cases};
use serde_json::json;

cases! {
    is_the_documents_and_nothing_else: ["config/env", "flaw/36"],
    values_arrive_whole: ["config/env"],
    home_comes_from_passwd: ["cli/home"],
    home_without_an_entry_is_the_root: ["cli/home"],
    home_that_is_given_stays: ["cli/home"],
    a_thousand_variables_arrive: ["config/env"],
}

fn is_the_documents_and_nothing_else(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/env"]);
    bundle.set("/process/env", json!(["PATH=/bin", "HOME=/x", "GREETING=hello"]));
    let mut command = bundle.command(&["run", "--bundle", bundle.word(), bundle.id()]);
    command.env("SECRET", "of the host");
    assert_eq!(bundle.finish(command).ok(), "PATH=/bin\nHOME=/x\nGREETING=hello\n");
}

fn values_arrive_whole(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sh", "-c", "printf '[%s]' \"$A\" \"$B\" \"$C\""]);
    bundle.set("/process/env", json!(["PATH=/bin", "HOME=/", "A=x=y", "B=", "C=two\nlines ä"]));
    assert_eq!(bundle.output(), "[x=y][][two\nlines ä]");
}

fn home_comes_from_passwd(runtime: &Runtime) {
    let mut bundle = runtime.shell("echo $HOME");
    assert_eq!(bundle.output(), "/root\n");
    bundle.set("/process/user/uid", 1000);
    assert_eq!(bundle.output(), "/home/alice\n");
}

fn home_without_an_entry_is_the_root(runtime: &Runtime) {
    let mut bundle = runtime.shell("echo $HOME");
    bundle.set("/process/user/uid", 4321);
    assert_eq!(bundle.output(), "/\n");
}

fn home_that_is_given_stays(runtime: &Runtime) {
    let mut bundle = runtime.shell("echo $HOME");
    bundle.push("/process/env", "HOME=/given");
    assert_eq!(bundle.output(), "/given\n");
}

fn a_thousand_variables_arrive(runtime: &Runtime) {
    let mut bundle = runtime.shell("env | grep -c ^V");
    for number in 0..1000 {
        bundle.push("/process/env", format!("V{number}={}", "x".repeat(100)));
    }
    assert_eq!(bundle.output(), "1000\n");
}
