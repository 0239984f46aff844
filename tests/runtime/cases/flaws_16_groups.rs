//! Flaw row 16: supplementary groups that are lost or kept (CVE-2023-25173, CVE-2022-2995).
//!
//! Guard: `identity::assume` sets exactly the document's list. Seen to fail without setgroups: the caller's are kept.

use std::os::unix::fs::{PermissionsExt, chown};

use knarr_runtime_cases::{Runtime, cases};
use serde_json::json;

cases! {
    a_group_that_is_shut_out_is_shut_out: ["flaw/16"],
    groups_of_the_caller_are_not_kept: ["flaw/16"],
}

/// A file of mode 0707 shuts its group out: who has lost that group could read it.
fn a_group_that_is_shut_out_is_shut_out(runtime: &Runtime) {
    let mut bundle = runtime.shell("cat /etc/data 2>/dev/null || echo refused");
    let file = bundle.rootfs().join("etc/data");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o707)).unwrap();
    chown(&file, Some(0), Some(77)).unwrap();
    bundle.set("/process/user", json!({ "uid": 1000, "gid": 1000, "additionalGids": [77] }));
    assert_eq!(bundle.output(), "refused\n");
}

fn groups_of_the_caller_are_not_kept(runtime: &Runtime) {
    let bundle = runtime.shell("grep Groups /proc/self/status | tr -s '\\t ' ' '");
    let inner = bundle.command(&["run", "--bundle", bundle.word(), bundle.id()]);
    let mut command = std::process::Command::new("setpriv");
    command.args(["--groups", "4,24,27", "--"]).arg(inner.get_program()).args(inner.get_args());
    assert_eq!(bundle.finish(command).ok().trim(), "Groups:");
}
