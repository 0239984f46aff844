//! What a program may do: capabilities, no_new_privs, limits, over run and exec alike.

mod support;

use knarr_spec::{Capabilities, Rlimit};
use support::{Bundle, status_field};

const SETS: [&str; 5] = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];

fn sets(status: &str) -> Vec<String> {
    SETS.iter().map(|name| status_field(status, name).trim_start_matches('0').to_owned()).collect()
}

#[test]
fn a_document_without_capabilities_gives_none() {
    let mut bundle = Bundle::program(&["/bin/cat", "/proc/self/status"]);
    bundle.process().capabilities = None;
    assert_eq!(sets(&bundle.output()), ["", "", "", "", ""]);
}

#[test]
fn root_gets_the_listed_capabilities_and_nothing_to_inherit() {
    let mut bundle = Bundle::program(&["/bin/cat", "/proc/self/status"]);
    bundle.capabilities(&["CAP_CHOWN", "CAP_KILL"]);
    assert_eq!(sets(&bundle.output()), ["", "21", "21", "21", ""]);
}

#[test]
fn ambient_capabilities_survive_for_a_user() {
    let mut bundle = Bundle::program(&["/bin/cat", "/proc/self/status"]);
    bundle.process().user.uid = 1000;
    let names = vec!["CAP_NET_BIND_SERVICE".to_owned()];
    bundle.process().capabilities = Some(Capabilities {
        bounding: names.clone(),
        effective: names.clone(),
        permitted: names.clone(),
        inheritable: names.clone(),
        ambient: names,
    });
    assert_eq!(sets(&bundle.output()), ["400", "400", "400", "400", "400"]);
}

#[test]
fn exec_has_the_containers_rights_and_more_only_when_asked() {
    let mut bundle = Bundle::program(&["/bin/sleep", "1000"]);
    bundle.capabilities(&["CAP_CHOWN", "CAP_KILL"]);
    bundle.start();
    let status = bundle.exec_shell("cat /proc/self/status");
    assert_eq!(sets(&status), ["", "21", "21", "21", ""]);
    assert_eq!(status_field(&status, "NoNewPrivs"), "1");
    let more = bundle.ok(&["exec", "--cap", "CAP_NET_RAW", bundle.id(), "cat", "/proc/self/status"]);
    assert_eq!(sets(&more), ["", "2021", "2021", "2021", ""]);
    let user = bundle.ok(&["exec", "--user", "1000:7", bundle.id(), "cat", "/proc/self/status"]);
    assert_eq!(sets(&user), ["", "", "", "21", ""].map(|s| if s.is_empty() { String::new() } else { s.to_owned() }));
}

#[test]
fn a_process_document_that_is_silent_about_capabilities_gets_the_containers() {
    let mut bundle = Bundle::program(&["/bin/sleep", "1000"]);
    bundle.capabilities(&["CAP_CHOWN"]);
    bundle.start();
    let file = bundle.path().join("process.json");
    std::fs::write(&file, r#"{"args":["/bin/cat","/proc/self/status"],"cwd":"/","user":{"uid":0,"gid":0}}"#).unwrap();
    let status = bundle.ok(&["exec", "--process", file.to_str().unwrap(), bundle.id()]);
    assert_eq!(sets(&status), ["", "1", "1", "1", ""]);
}

#[test]
fn no_new_privileges_is_as_the_document_says() {
    let mut bundle = Bundle::program(&["/bin/cat", "/proc/self/status"]);
    assert_eq!(status_field(&bundle.output(), "NoNewPrivs"), "1");
    bundle.process().no_new_privileges = false;
    assert_eq!(status_field(&bundle.output(), "NoNewPrivs"), "0");
}

#[test]
fn an_unknown_capability_or_limit_is_refused() {
    let mut bundle = Bundle::program(&["/bin/true"]);
    bundle.capabilities(&["CAP_EVERYTHING"]);
    assert!(!bundle.run().status.success());
    let mut bundle = Bundle::program(&["/bin/true"]);
    bundle.process().rlimits = vec![Rlimit { kind: "RLIMIT_LUCK".into(), hard: 1, soft: 1 }];
    assert!(!bundle.run().status.success());
}

#[test]
fn resource_limits_are_set() {
    let mut bundle = Bundle::program(&["/bin/cat", "/proc/self/limits"]);
    bundle.process().rlimits = vec![
        Rlimit { kind: "RLIMIT_NOFILE".into(), hard: 200, soft: 100 },
        Rlimit { kind: "RLIMIT_CORE".into(), hard: 0, soft: 0 },
    ];
    let output = bundle.output();
    let line =
        |name: &str| output.lines().find(|l| l.starts_with(name)).unwrap().split_whitespace().collect::<Vec<_>>();
    assert_eq!(line("Max open files")[3..5], ["100", "200"]);
    assert_eq!(line("Max core file size")[4..6], ["0", "0"]);
}

#[test]
fn the_oom_score_is_raised_and_a_lowering_that_the_host_forbids_is_no_failure() {
    let mut bundle = Bundle::program(&["/bin/cat", "/proc/self/oom_score_adj"]);
    bundle.process().oom_score_adj = Some(321);
    assert_eq!(bundle.output(), "321\n");
    bundle.process().oom_score_adj = Some(-1000);
    assert!(bundle.run().status.success());
}

#[test]
fn a_user_can_open_its_own_standard_output() {
    let mut bundle = Bundle::shell("echo again > /dev/stdout");
    bundle.process().user.uid = 1000;
    assert_eq!(bundle.output(), "again\n");
}
