//! `linux.resources.devices`: what may be opened and made.

use knarr_runtime_cases::{Bundle, Runtime, cases};
use serde_json::{Value, json};

cases! {
    what_is_not_allowed_cannot_be_opened: ["linux/device-rules"],
    what_is_allowed_can_be_opened: ["linux/device-rules"],
    nodes_can_be_made_and_not_opened: ["linux/device-rules"],
    nodes_that_are_not_allowed_cannot_be_made: ["linux/device-rules"] Ours("runc and crun allow to make any"),
    the_order_counts: ["linux/device-rules"],
    reading_without_writing: ["linux/device-rules"],
    a_whole_major_number: ["linux/device-rules"],
    the_default_devices_are_always_allowed: ["linux/device-rules"],
    no_rules_deny_what_is_no_default: ["linux/device-rules", "flaw/12"],
    an_unknown_kind_is_refused: ["linux/device-rules", "config/valid-values"],
    exec_is_ruled_too: ["linux/device-rules"],
}

fn deny_all() -> Value {
    json!({ "allow": false, "access": "rwm" })
}

/// A container that may make nodes, with these rules.
fn ruled<'r>(runtime: &'r Runtime, script: &str, rules: Value) -> Bundle<'r> {
    let mut bundle = runtime.shell(&format!("mknod -m 666 /etc/node c {NODE} && ({script}) 2>/dev/null || echo refused"));
    bundle.capabilities(&["CAP_MKNOD"]);
    bundle.set("/linux/resources/devices", rules);
    bundle
}

/// /dev/fuse: no default device, and opening it is harmless.
const NODE: &str = "10 229";

fn fuse(allow: bool, access: &str) -> Value {
    json!({ "allow": allow, "type": "c", "major": 10, "minor": 229, "access": access })
}

fn what_is_not_allowed_cannot_be_opened(runtime: &Runtime) {
    let bundle = ruled(runtime, ": < /etc/node && echo opened", json!([deny_all(), fuse(true, "m")]));
    assert_eq!(bundle.output(), "refused\n");
}

fn what_is_allowed_can_be_opened(runtime: &Runtime) {
    let bundle = ruled(runtime, ": < /etc/node && echo opened", json!([deny_all(), fuse(true, "rwm")]));
    assert_eq!(bundle.output(), "opened\n");
}

fn nodes_can_be_made_and_not_opened(runtime: &Runtime) {
    let bundle = ruled(runtime, "echo made; : < /etc/node", json!([deny_all(), fuse(true, "m")]));
    assert_eq!(bundle.output(), "made\nrefused\n");
}

fn nodes_that_are_not_allowed_cannot_be_made(runtime: &Runtime) {
    let mut bundle = runtime.shell("mknod /etc/node c 10 229 2>/dev/null || echo refused");
    bundle.capabilities(&["CAP_MKNOD"]);
    bundle.set("/linux/resources/devices", json!([deny_all(), fuse(true, "rw")]));
    assert_eq!(bundle.output(), "refused\n");
}

fn the_order_counts(runtime: &Runtime) {
    let script = ": < /etc/node && echo opened";
    let bundle = ruled(runtime, script, json!([deny_all(), fuse(true, "rwm"), fuse(false, "r")]));
    assert_eq!(bundle.output(), "refused\n");
    let bundle = ruled(runtime, script, json!([deny_all(), fuse(false, "r"), fuse(true, "rwm")]));
    assert_eq!(bundle.output(), "opened\n");
}

fn reading_without_writing(runtime: &Runtime) {
    let script = ": < /etc/node && echo read; : > /etc/node && echo written";
    let bundle = ruled(runtime, script, json!([deny_all(), fuse(true, "rm")]));
    assert_eq!(bundle.output(), "read\nrefused\n");
}

fn a_whole_major_number(runtime: &Runtime) {
    let rule = json!({ "allow": true, "type": "c", "major": 10, "access": "rwm" });
    let bundle = ruled(runtime, ": < /etc/node && echo opened", json!([deny_all(), rule]));
    assert_eq!(bundle.output(), "opened\n");
}

fn the_default_devices_are_always_allowed(runtime: &Runtime) {
    let script = "for n in null zero full random urandom; do : < /dev/$n || echo $n; done; : > /dev/pts/ptmx && echo fine";
    let mut bundle = runtime.shell(script);
    bundle.set("/linux/resources/devices", json!([deny_all()]));
    assert_eq!(bundle.output(), "fine\n");
}

fn no_rules_deny_what_is_no_default(runtime: &Runtime) {
    let bundle = ruled(runtime, ": < /etc/node && echo opened", json!([deny_all(), fuse(true, "m")]));
    assert_eq!(bundle.output(), "refused\n");
    let mut bundle = ruled(runtime, ": < /etc/node && echo opened", json!([]));
    bundle.set("/linux/resources", json!({}));
    assert_eq!(bundle.output(), "refused\n");
}

fn an_unknown_kind_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/linux/resources/devices", json!([{ "allow": true, "type": "z", "access": "rwm" }]));
    bundle.cannot_run();
}

fn exec_is_ruled_too(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.capabilities(&["CAP_MKNOD"]);
    bundle.set("/linux/resources/devices", json!([deny_all(), fuse(true, "m")]));
    bundle.start();
    let script = "mknod -m 666 /etc/node c 10 229 && (: < /etc/node && echo opened) 2>/dev/null || echo refused";
    assert_eq!(bundle.exec_shell(script), "refused\n");
}
