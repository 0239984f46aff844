//! `linux.intelRdt`: classes of cache and memory bandwidth.

use knarr_runtime_cases::{Runtime, cases};
use serde_json::json;

cases! {
    a_host_without_resctrl_is_told: ["linux/intel-rdt"],
}

fn a_host_without_resctrl_is_told(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/linux/intelRdt", json!({ "l3CacheSchema": "L3:0=f" }));
    let said = bundle.cannot_run();
    assert!(said.contains("intelRdt"), "{said}");
}
