//! The NIS domain name.

use knarr_runtime_cases::{Runtime, cases};

cases! {
    is_set: ["config/domainname"] Crun("runc has it since 1.2"),
    needs_a_namespace_of_its_own: ["config/domainname"] Crun("runc has it since 1.2"),
}

fn is_set(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/sys/kernel/domainname"]);
    bundle.set("/domainname", "inside.example");
    assert_eq!(bundle.output(), "inside.example\n");
}

fn needs_a_namespace_of_its_own(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.remove("/hostname");
    bundle.set("/domainname", "inside.example");
    bundle.without_namespace("uts");
    bundle.cannot_run();
}
