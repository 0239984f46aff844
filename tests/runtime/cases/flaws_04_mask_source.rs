//! Flaw row 4: a fake `/dev/null` as the source of masks (CVE-2025-31133).
//!
//! Guard: `masks::null_device` looks at what it has opened, on the host and before the root is entered. Seen to fail with
//! the container's own `/dev/null` as source: the masked file shows what the link leads to.

use std::os::unix::fs::symlink;

use knarr_runtime_cases::{Runtime, cases};
use serde_json::json;

cases! {
    a_link_in_place_of_null_is_no_mask: ["flaw/4"] Ours("runc 1.1 has the flaw"),
    a_file_in_place_of_null_is_no_mask: ["flaw/4"] Ours("runc 1.1 has the flaw"),
}

/// A container whose /dev is bound, with something else for null.
fn masked(runtime: &Runtime, fake: impl Fn(&std::path::Path)) -> String {
    let mut bundle = runtime.shell("cat /etc/secret");
    bundle.write("rootfs/etc/secret", "secret");
    bundle.write("rootfs/etc/elsewhere", "elsewhere");
    let own = bundle.folder("own-dev");
    fake(&bundle.path().join("own-dev/null"));
    bundle.retain("/mounts", |mount| !mount["destination"].as_str().unwrap().starts_with("/dev"));
    bundle.mount("/dev", "bind", &own, &["rbind"]);
    bundle.set("/linux/maskedPaths", json!(["/etc/secret"]));
    bundle.run().stdout
}

fn a_link_in_place_of_null_is_no_mask(runtime: &Runtime) {
    assert_eq!(masked(runtime, |place| symlink("/etc/elsewhere", place).unwrap()), "");
}

fn a_file_in_place_of_null_is_no_mask(runtime: &Runtime) {
    assert_eq!(masked(runtime, |place| std::fs::write(place, "elsewhere").unwrap()), "");
}
