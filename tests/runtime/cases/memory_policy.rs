//! `linux.memoryPolicy`: where memory comes from on a machine of several nodes.

use knarr_runtime_cases::{Runtime, cases};
use serde_json::json;

cases! {
    it_is_set: ["linux/memory-policy"] Ours("runc 1.1 and crun 1.21 do not know it"),
    what_is_no_policy_is_refused: ["linux/memory-policy"] Ours("runc 1.1 and crun 1.21 do not know it"),
    nodes_that_do_not_exist_are_an_error: ["linux/memory-policy"] Ours("runc 1.1 and crun 1.21 do not know it"),
}

fn it_is_set(runtime: &Runtime) {
    let mut bundle = runtime.shell("head -n 1 /proc/self/numa_maps | cut -d' ' -f2");
    bundle.set("/linux/memoryPolicy", json!({ "mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"] }));
    assert_eq!(bundle.output(), "bind=static:0\n");
}

fn what_is_no_policy_is_refused(runtime: &Runtime) {
    for policy in [
        json!({ "mode": "MPOL_HOPE", "nodes": "0" }),
        json!({ "mode": "MPOL_BIND", "nodes": "zero" }),
        json!({ "mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_HOPE"] }),
    ] {
        let mut bundle = runtime.program(&["/bin/true"]);
        bundle.set("/linux/memoryPolicy", policy);
        assert!(bundle.cannot_run().contains("memoryPolicy"));
    }
}

fn nodes_that_do_not_exist_are_an_error(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/linux/memoryPolicy", json!({ "mode": "MPOL_BIND", "nodes": "63" }));
    assert!(bundle.cannot_run().contains("memory policy"));
}
