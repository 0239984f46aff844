//! Flaw row 19: a filter that is empty or wrong means none (CVE-2023-2431).
//!
//! Guard: `Action::parse` knows no default, and a profile is an object or is refused. Seen to fail with ALLOW for what is
//! unknown.

use knarr_runtime_cases::{Runtime, cases};
use serde_json::json;

use crate::seccomp_profile::{no_mkdir, refused};

cases! {
    an_unknown_action_is_refused: ["linux/seccomp", "flaw/19"],
    a_missing_default_action_is_refused: ["linux/seccomp", "flaw/19"],
    a_profile_that_is_no_object_is_refused: ["linux/seccomp", "flaw/19"],
}

fn an_unknown_action_is_refused(runtime: &Runtime) {
    refused(runtime, json!({ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{ "names": ["mkdir"], "action": "SCMP_ACT_HOPE" }] }));
    let said = refused(runtime, json!({ "defaultAction": "SCMP_ACT_HOPE", "syscalls": no_mkdir() }));
    assert!(said.contains("SCMP_ACT_HOPE"), "{said}");
}

fn a_missing_default_action_is_refused(runtime: &Runtime) {
    refused(runtime, json!({ "syscalls": no_mkdir() }));
}

fn a_profile_that_is_no_object_is_refused(runtime: &Runtime) {
    for wrong in [json!("unconfined"), json!([]), json!(false)] {
        refused(runtime, wrong);
    }
}
