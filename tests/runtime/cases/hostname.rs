//! The host name.

use knarr_runtime_cases::{Runtime, cases};

cases! {
    is_set: ["config/hostname"],
    needs_a_namespace_of_its_own: ["config/hostname"],
}

fn is_set(runtime: &Runtime) {
    let mut bundle = runtime.shell("hostname; cat /proc/sys/kernel/hostname");
    bundle.set("/hostname", "inside");
    assert_eq!(bundle.output(), "inside\ninside\n");
}

fn needs_a_namespace_of_its_own(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.without_namespace("uts");
    let said = bundle.cannot_run();
    assert!(said.contains("UTS"), "{said}");
}
