//! `process.capabilities`.

use knarr_runtime_cases::{Runtime, capability_sets, cases, status_field};
use serde_json::json;

cases! {
    none_given_is_none: ["config/capabilities"],
    root_gets_the_listed_ones: ["config/capabilities"],
    each_set_is_its_own: ["config/capabilities"],
    the_bounding_set_may_be_larger: ["config/capabilities"],
    inheritable_ones_are_set: ["config/capabilities"],
    ambient_ones_survive_for_a_user: ["config/capabilities"],
    ambient_ones_that_are_not_inheritable_are_passed_over: ["config/capabilities"],
    a_user_without_ambient_ones_has_none: ["config/capabilities"],
    an_unknown_one_is_no_failure: ["config/capabilities-unknown"],
    all_of_the_kernel_can_be_given: ["config/capabilities"],
    a_given_one_works_and_a_missing_one_does_not: ["config/capabilities"],
    empty_sets_are_empty: ["config/capabilities"],
}

fn none_given_is_none(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/status"]);
    bundle.set("/process/capabilities", json!({}));
    assert_eq!(capability_sets(&bundle.output()), [0; 5]);
}

fn empty_sets_are_empty(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/status"]);
    let sets = json!({ "bounding": [], "effective": [], "permitted": [], "inheritable": [], "ambient": [] });
    bundle.set("/process/capabilities", sets);
    assert_eq!(capability_sets(&bundle.output()), [0; 5]);
}

fn root_gets_the_listed_ones(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/status"]);
    bundle.capabilities(&["CAP_CHOWN", "CAP_KILL"]);
    assert_eq!(capability_sets(&bundle.output()), [0, 0x21, 0x21, 0x21, 0]);
}

fn each_set_is_its_own(runtime: &Runtime) {
    // Looked at from outside while the container waits: a program's start mixes the sets anew.
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.set("/process/user/uid", 1000);
    let all = ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID", "CAP_SETGID"];
    bundle.set(
        "/process/capabilities",
        json!({ "bounding": all, "permitted": all[..3], "inheritable": all[..2], "effective": all[..1], "ambient": all[..1] }),
    );
    bundle.start();
    let file = format!("/proc/{}/status", bundle.pid());
    let sets = || capability_sets(&std::fs::read_to_string(&file).unwrap());
    knarr_runtime_cases::until("the program has started", || sets() == [0x21, 1, 1, 0xe1, 1]);
}

fn the_bounding_set_may_be_larger(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/status"]);
    bundle.set("/process/user/uid", 1000);
    bundle.set("/process/capabilities", json!({ "bounding": ["CAP_CHOWN", "CAP_NET_RAW"] }));
    assert_eq!(capability_sets(&bundle.output()), [0, 0, 0, 0x2001, 0]);
}

fn inheritable_ones_are_set(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/status"]);
    bundle.capabilities(&["CAP_CHOWN"]);
    bundle.set("/process/capabilities/inheritable", json!(["CAP_CHOWN"]));
    assert_eq!(capability_sets(&bundle.output()), [1, 1, 1, 1, 0]);
}

fn ambient_ones_survive_for_a_user(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/status"]);
    bundle.set("/process/user/uid", 1000);
    bundle.capabilities(&["CAP_NET_BIND_SERVICE"]);
    bundle.set("/process/capabilities/inheritable", json!(["CAP_NET_BIND_SERVICE"]));
    bundle.set("/process/capabilities/ambient", json!(["CAP_NET_BIND_SERVICE"]));
    assert_eq!(capability_sets(&bundle.output()), [0x400; 5]);
}

fn ambient_ones_that_are_not_inheritable_are_passed_over(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/status"]);
    bundle.capabilities(&["CAP_CHOWN"]);
    bundle.set("/process/capabilities/ambient", json!(["CAP_CHOWN"]));
    assert_eq!(capability_sets(&bundle.output()), [0, 1, 1, 1, 0]);
}

fn a_user_without_ambient_ones_has_none(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/status"]);
    bundle.set("/process/user/uid", 1000);
    bundle.capabilities(&["CAP_CHOWN"]);
    assert_eq!(capability_sets(&bundle.output()), [0, 0, 0, 1, 0]);
}

fn an_unknown_one_is_no_failure(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/status"]);
    bundle.capabilities(&["CAP_CHOWN", "CAP_EVERYTHING"]);
    let outcome = bundle.run();
    let warned = outcome.log.iter().any(|line| line["level"] == "warning" && line["msg"].as_str().unwrap().contains("CAP_EVERYTHING"));
    assert!(warned, "{:?}", outcome.log);
    assert_eq!(capability_sets(&outcome.ok())[1], 1);
}

fn all_of_the_kernel_can_be_given(runtime: &Runtime) {
    let own = capability_sets(&std::fs::read_to_string("/proc/self/status").unwrap())[3];
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/status"]);
    let names: Vec<&str> = NAMES.iter().enumerate().filter(|(bit, _)| own >> bit & 1 == 1).map(|(_, name)| *name).collect();
    bundle.capabilities(&names);
    let known = (1u64 << NAMES.len()) - 1;
    assert_eq!(capability_sets(&bundle.output()), [0, own & known, own & known, own & known, 0]);
}

fn a_given_one_works_and_a_missing_one_does_not(runtime: &Runtime) {
    let mut bundle = runtime.shell("chown 5 /etc/data 2>/dev/null && echo changed || echo refused");
    bundle.capabilities(&[]);
    assert_eq!(bundle.output(), "refused\n");
    bundle.capabilities(&["CAP_CHOWN"]);
    let status = bundle.output();
    assert_eq!(status, "changed\n");
    bundle.set("/process/args", json!(["/bin/cat", "/proc/self/status"]));
    assert_eq!(status_field(&bundle.output(), "NoNewPrivs"), "1");
}

/// capabilities(7), in the order of their numbers.
const NAMES: [&str; 41] = [
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID",
    "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN",
    "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
];
