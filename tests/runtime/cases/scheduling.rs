//! `personality`, `scheduler`, `ioPriority`.

use knarr_runtime_cases::{Runtime, cases};
use serde_json::json;

cases! {
    personality_of_32_bits: ["linux/personality"] Crun("runc has it since 1.2"),
    personality_of_64_bits: ["linux/personality"] Crun("runc has it since 1.2"),
    an_unknown_personality_is_refused: ["linux/personality"] Crun("runc has it since 1.2"),
    a_policy_and_a_nice_value: ["config/scheduler"] Ours("runc has it since 1.2, crun since 1.9"),
    idle_policy: ["config/scheduler"] Ours("runc has it since 1.2, crun since 1.9"),
    a_flag_of_the_scheduler: ["config/scheduler"] Ours("runc has it since 1.2, crun since 1.9"),
    an_unknown_policy_is_refused: ["config/scheduler"] Ours("runc has it since 1.2, crun since 1.9"),
    io_priority: ["config/io-priority"] Ours("runc has it since 1.2, crun since 1.9"),
    io_priority_idle: ["config/io-priority"] Ours("runc has it since 1.2, crun since 1.9"),
    io_priority_stays_where_none_is_given: ["config/io-priority"],
    an_unknown_io_class_is_refused: ["config/io-priority"] Ours("runc has it since 1.2, crun since 1.9"),
}

fn personality(runtime: &Runtime, domain: &str) -> String {
    let mut bundle = runtime.program(&["/bin/uname", "-m"]);
    bundle.set("/linux/personality", json!({ "domain": domain }));
    bundle.output()
}

fn personality_of_32_bits(runtime: &Runtime) {
    assert_eq!(personality(runtime, "LINUX32"), "i686\n");
}

fn personality_of_64_bits(runtime: &Runtime) {
    assert_eq!(personality(runtime, "LINUX"), "x86_64\n");
}

fn an_unknown_personality_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/linux/personality", json!({ "domain": "BSD" }));
    bundle.cannot_run();
}

/// Fields of `/proc/self/stat`, by their numbers.
fn stat<const N: usize>(runtime: &Runtime, scheduler: serde_json::Value, fields: [usize; N]) -> [String; N] {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/stat"]);
    bundle.set("/process/scheduler", scheduler);
    let text = bundle.output();
    let words: Vec<&str> = text[text.rfind(')').unwrap()..].split_whitespace().collect();
    fields.map(|number| words[number - 2].to_owned())
}

const NICE: usize = 19;
const POLICY: usize = 41;

fn a_policy_and_a_nice_value(runtime: &Runtime) {
    assert_eq!(stat(runtime, json!({ "policy": "SCHED_BATCH", "nice": 7 }), [POLICY, NICE]), ["3", "7"]);
    assert_eq!(stat(runtime, json!({ "policy": "SCHED_OTHER", "nice": 5 }), [POLICY, NICE]), ["0", "5"]);
}

fn idle_policy(runtime: &Runtime) {
    assert_eq!(stat(runtime, json!({ "policy": "SCHED_IDLE" }), [POLICY]), ["5"]);
}

fn a_flag_of_the_scheduler(runtime: &Runtime) {
    let scheduler = json!({ "policy": "SCHED_BATCH", "flags": ["SCHED_FLAG_RESET_ON_FORK"] });
    assert_eq!(stat(runtime, scheduler, [POLICY]), ["3"]);
}

fn an_unknown_policy_is_refused(runtime: &Runtime) {
    for scheduler in [json!({ "policy": "SCHED_HOPE" }), json!({ "policy": "SCHED_OTHER", "flags": ["SCHED_FLAG_X"] })] {
        let mut bundle = runtime.program(&["/bin/true"]);
        bundle.set("/process/scheduler", scheduler);
        bundle.cannot_run();
    }
}

fn ionice(runtime: &Runtime, priority: serde_json::Value) -> String {
    let mut bundle = runtime.program(&["/bin/ionice"]);
    bundle.set("/process/ioPriority", priority);
    bundle.output()
}

fn io_priority(runtime: &Runtime) {
    assert_eq!(ionice(runtime, json!({ "class": "IOPRIO_CLASS_BE", "priority": 6 })), "best-effort: prio 6\n");
}

fn io_priority_idle(runtime: &Runtime) {
    assert!(ionice(runtime, json!({ "class": "IOPRIO_CLASS_IDLE", "priority": 0 })).starts_with("idle"));
}

fn io_priority_stays_where_none_is_given(runtime: &Runtime) {
    assert!(runtime.program(&["/bin/ionice"]).output().starts_with("none"));
}

fn an_unknown_io_class_is_refused(runtime: &Runtime) {
    for priority in [json!({ "class": "IOPRIO_CLASS_X", "priority": 1 }), json!({ "class": "IOPRIO_CLASS_BE", "priority": 8 })] {
        let mut bundle = runtime.program(&["/bin/true"]);
        bundle.set("/process/ioPriority", priority);
        bundle.cannot_run();
    }
}
