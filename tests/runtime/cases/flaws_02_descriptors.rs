//! Flaw row 2: descriptors of the runtime that leak, as working directory too (CVE-2024-21626).
//!
//! Guards: every descriptor is close-on-exec (`exec::cloexec_from`), and the working directory must be reachable from
//! the root (`finish::enter_folder`). Seen to fail without the second: `exec` lists a folder of the host; without
//! the first: the caller's descriptors are seen, by hooks too where the runtime's own are not marked at its start.

use knarr_runtime_cases::{Runtime, cases};
use serde_json::json;

cases! {
    a_working_directory_among_descriptors_leads_nowhere: ["flaw/2"],
    exec_with_a_working_directory_among_descriptors_leads_nowhere: ["flaw/2"],
    a_link_to_a_descriptor_leads_nowhere: ["flaw/2"],
    descriptors_of_the_caller_do_not_leak: ["flaw/2"],
    exec_leaks_none_either: ["flaw/2"],
    hooks_get_none: ["flaw/2"] Crun("runc 1.1 hands three of its own to createContainer"),
}

/// A file that only the host's tree has, above every bundle.
const CANARY: &str = "../../../../../../usr/bin/env";

fn a_working_directory_among_descriptors_leads_nowhere(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/ls", CANARY]);
    for number in 3..20 {
        bundle.set("/process/cwd", format!("/proc/self/fd/{number}"));
        let outcome = bundle.run();
        assert!(!outcome.status.success() && outcome.stdout.is_empty(), "{number}: {outcome:?}");
    }
}

fn exec_with_a_working_directory_among_descriptors_leads_nowhere(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    for number in 0..20 {
        let outcome = bundle.verb(&["exec", "--cwd", &format!("/proc/self/fd/{number}"), bundle.id(), "ls", CANARY]);
        assert!(outcome.stdout.is_empty(), "{number}: {outcome:?}");
    }
}

fn a_link_to_a_descriptor_leads_nowhere(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    for number in 3..12 {
        let link = bundle.rootfs().join(format!("link-{number}"));
        std::os::unix::fs::symlink(format!("/proc/self/fd/{number}/../../../../../"), link).unwrap();
        let outcome = bundle.verb(&["exec", "--cwd", &format!("/link-{number}"), bundle.id(), "ls", CANARY]);
        assert!(outcome.stdout.is_empty(), "{number}: {outcome:?}");
    }
}

fn descriptors_of_the_caller_do_not_leak(runtime: &Runtime) {
    let bundle = runtime.shell(knarr_runtime_cases::DESCRIPTORS);
    let words = ["run", "--bundle", bundle.word(), bundle.id()];
    let opened = "3</ 4</etc 5</proc/self 6</dev/null";
    assert_eq!(bundle.finish(crate::usage::with_descriptors(&bundle, opened, &words)).ok(), "0\n1\n2\n");
}

fn exec_leaks_none_either(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    let words = ["exec", bundle.id(), "sh", "-c", knarr_runtime_cases::DESCRIPTORS];
    let opened = "3</ 4</etc 5</proc/self 6</dev/null";
    assert_eq!(bundle.finish(crate::usage::with_descriptors(&bundle, opened, &words)).ok(), "0\n1\n2\n");
}

fn hooks_get_none(runtime: &Runtime) {
    // By duplicating each: a hook in the container's namespaces has no /proc of them yet.
    const OPEN: &str = "for n in $(seq 0 99); do (eval \"exec 0<&$n\") 2>/dev/null && echo $n; done";
    let mut bundle = runtime.program(&["/bin/true"]);
    let file = bundle.file("rootfs/etc/open");
    for stage in crate::hooks::STAGES {
        let place = if stage == "startContainer" { "/etc/open" } else { &file };
        // One write a line: crun runs two of them at once.
        let script = format!("line=$({{ {OPEN}; echo {stage}; }} | tr '\\n' ' '); echo \"$line\" >> {place}");
        bundle.set(&format!("/hooks/{stage}"), json!([crate::hooks::hook(&script)]));
    }
    let words = ["run", "--bundle", bundle.word(), bundle.id()];
    let opened = "3</ 4</etc 5</proc/self 6</dev/null";
    bundle.finish(crate::usage::with_descriptors(&bundle, opened, &words)).ok();
    let text = bundle.read("rootfs/etc/open");
    let mut found: Vec<&str> = text.lines().collect();
    found.sort_unstable();
    let mut expected = crate::hooks::STAGES.map(|stage| format!("0 1 2 {stage} "));
    expected.sort_unstable();
    assert_eq!(found, expected);
}
