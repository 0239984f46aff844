//! Conditions on arguments.

use knarr_runtime_cases::{Runtime, cases};
use serde_json::{Value, json};

cases! {
    equal: ["linux/seccomp-arguments"],
    not_equal: ["linux/seccomp-arguments"],
    less: ["linux/seccomp-arguments"],
    less_or_equal: ["linux/seccomp-arguments"],
    greater: ["linux/seccomp-arguments"],
    greater_or_equal: ["linux/seccomp-arguments"],
    masked_equal: ["linux/seccomp-arguments"],
    all_conditions_must_hold: ["linux/seccomp-arguments"],
    one_argument_twice_is_either: ["linux/seccomp-arguments"],
    another_index: ["linux/seccomp-arguments"],
    an_index_above_five_is_refused: ["linux/seccomp-arguments", "config/valid-values"],
    an_unknown_operator_is_refused: ["linux/seccomp-arguments", "config/valid-values"],
    values_are_64_bits: ["linux/seccomp-arguments"],
}

/// Which of the modes 700, 711 and 755 a file cannot be given, under these conditions on chmod(2).
fn refused(runtime: &Runtime, args: Value) -> Vec<&'static str> {
    let script = "for m in 700 711 755; do touch /tmp/$m; chmod $m /tmp/$m 2>/dev/null || echo $m; done";
    let mut bundle = runtime.shell(script);
    let rule = json!({ "names": ["chmod"], "action": "SCMP_ACT_ERRNO", "args": args });
    bundle.set("/linux/seccomp", json!({ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule] }));
    let output = bundle.output();
    ["700", "711", "755"].into_iter().filter(|mode| output.contains(mode)).collect()
}

fn mode(op: &str, value: u64) -> Value {
    json!([{ "index": 1, "value": value, "op": op }])
}

fn equal(runtime: &Runtime) {
    assert_eq!(refused(runtime, mode("SCMP_CMP_EQ", 0o711)), ["711"]);
}

fn not_equal(runtime: &Runtime) {
    assert_eq!(refused(runtime, mode("SCMP_CMP_NE", 0o711)), ["700", "755"]);
}

fn less(runtime: &Runtime) {
    assert_eq!(refused(runtime, mode("SCMP_CMP_LT", 0o711)), ["700"]);
}

fn less_or_equal(runtime: &Runtime) {
    assert_eq!(refused(runtime, mode("SCMP_CMP_LE", 0o711)), ["700", "711"]);
}

fn greater(runtime: &Runtime) {
    assert_eq!(refused(runtime, mode("SCMP_CMP_GT", 0o711)), ["755"]);
}

fn greater_or_equal(runtime: &Runtime) {
    assert_eq!(refused(runtime, mode("SCMP_CMP_GE", 0o711)), ["711", "755"]);
}

fn masked_equal(runtime: &Runtime) {
    let args = json!([{ "index": 1, "value": 0o077, "valueTwo": 0o011, "op": "SCMP_CMP_MASKED_EQ" }]);
    assert_eq!(refused(runtime, args), ["711"]);
}

fn all_conditions_must_hold(runtime: &Runtime) {
    let args = |value: u64| {
        json!([{ "index": 1, "value": value, "op": "SCMP_CMP_EQ" }, { "index": 0, "value": 4096, "op": "SCMP_CMP_GT" }])
    };
    assert_eq!(refused(runtime, args(0o711)), ["711"]);
    let never = json!([{ "index": 1, "value": 0o711, "op": "SCMP_CMP_EQ" }, { "index": 0, "value": 0, "op": "SCMP_CMP_EQ" }]);
    assert_eq!(refused(runtime, never), [""; 0]);
}

/// runc takes several conditions on one argument as rules of their own, and so does every engine's profile.
fn one_argument_twice_is_either(runtime: &Runtime) {
    let args = json!([{ "index": 1, "value": 0o700, "op": "SCMP_CMP_EQ" }, { "index": 1, "value": 0o755, "op": "SCMP_CMP_EQ" }]);
    assert_eq!(refused(runtime, args), ["700", "755"]);
}

fn another_index(runtime: &Runtime) {
    let args = json!([{ "index": 0, "value": 0, "op": "SCMP_CMP_NE" }]);
    assert_eq!(refused(runtime, args), ["700", "711", "755"]);
}

fn with_rule(runtime: &Runtime, arg: Value) {
    let mut bundle = runtime.program(&["/bin/true"]);
    let rule = json!({ "names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "args": [arg] });
    bundle.set("/linux/seccomp", json!({ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule] }));
    bundle.cannot_run();
}

fn an_index_above_five_is_refused(runtime: &Runtime) {
    with_rule(runtime, json!({ "index": 6, "value": 0, "op": "SCMP_CMP_EQ" }));
}

fn an_unknown_operator_is_refused(runtime: &Runtime) {
    with_rule(runtime, json!({ "index": 0, "value": 0, "op": "SCMP_CMP_ALMOST" }));
}

fn values_are_64_bits(runtime: &Runtime) {
    assert_eq!(refused(runtime, mode("SCMP_CMP_LT", 1 << 32)), ["700", "711", "755"]);
    assert_eq!(refused(runtime, mode("SCMP_CMP_GE", 1 << 32)), [""; 0]);
    assert_eq!(refused(runtime, mode("SCMP_CMP_EQ", (1 << 32) | 0o711)), [""; 0]);
}
