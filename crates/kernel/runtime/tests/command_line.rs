//! The command line, as callers of runc know it.

mod support;

use support::ours;

fn verbs() -> Vec<String> {
    let bundle = ours().program(&["/bin/true"]);
    let help = bundle.ok(&["--help"]);
    let lines = help.lines().skip_while(|line| !line.starts_with("  ")).take_while(|line| line.starts_with("  "));
    lines.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

#[test]
fn every_verb_explains_itself_and_refuses_unknown_flags() {
    let all = verbs();
    for verb in [
        "create",
        "run",
        "start",
        "exec",
        "state",
        "list",
        "ps",
        "events",
        "kill",
        "pause",
        "resume",
        "update",
        "delete",
        "spec",
        "features",
        "checkpoint",
        "restore",
    ] {
        assert!(all.contains(&verb.to_owned()), "{verb} is not in {all:?}");
    }
    let bundle = ours().program(&["/bin/true"]);
    for verb in all {
        let help = bundle.ok(&[&verb, "--help"]);
        assert!(help.contains(&format!("usage: knarr runtime {verb}")), "{help}");
        assert!(bundle.refused(&[&verb, "--no-such-flag"]).contains("flag provided but not defined"), "{verb}");
    }
}

#[test]
fn flags_before_the_verb_that_change_nothing_are_taken() {
    let bundle = ours().program(&["/bin/true"]);
    assert_eq!(bundle.ok(&["--rootless", "auto", "--criu", "/nowhere", "--debug", "list", "-q"]), "");
    assert!(bundle.read("log.json").contains("\"level\":\"debug\""));
    assert!(bundle.refused(&["--rootless", "perhaps", "list"]).contains("rootless"));
}
