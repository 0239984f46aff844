//! Flaw row 6: writes to procfs that arrive elsewhere (CVE-2019-16884, CVE-2019-19921, CVE-2025-52881).
//!
//! Guards: `plan::mounts::may_be_at` refuses mounts inside `/proc`, `child::mounts::stay_out_of_proc` those that come there by a
//! link, and every write goes through `procfs::Private`. Seen to fail without the first or the second: the tmpfs is mounted;
//! without the third: the value is in the container's file.

use std::os::unix::fs::symlink;

use knarr_runtime_cases::{Runtime, cases};
use serde_json::json;

cases! {
    nothing_is_mounted_over_parts_of_proc: ["flaw/6"] Ours("runc 1.1 looks only where the path leads"),
    nothing_but_proc_is_mounted_over_proc: ["flaw/6"],
    what_programs_replace_may_be_bound: ["flaw/6"],
    sysctls_do_not_follow_links_of_the_image: ["flaw/6"] Ours("runc 1.1 has the flaw"),
    the_oom_score_is_not_written_to_a_false_proc: ["flaw/6"],
    a_volume_over_proc_through_a_link_is_refused: ["flaw/6"],
    a_link_leads_no_mount_into_proc: ["flaw/6"] Ours("runc 1.1 mounts it"),
}

fn nothing_is_mounted_over_parts_of_proc(runtime: &Runtime) {
    for place in ["/proc/self/attr", "/proc/sys", "/proc/1", "/proc/../proc/self"] {
        let mut bundle = runtime.program(&["/bin/true"]);
        bundle.mount(place, "tmpfs", "tmpfs", &[]);
        let said = bundle.cannot_run();
        assert!(said.contains("inside /proc"), "{place}: {said}");
    }
}

fn nothing_but_proc_is_mounted_over_proc(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    let source = bundle.folder("source");
    bundle.mount("/proc", "bind", &source, &["bind"]);
    bundle.cannot_run();
}

fn what_programs_replace_may_be_bound(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/uptime"]);
    let file = bundle.write("uptime", "1.00 1.00\n");
    bundle.mount("/proc/uptime", "bind", &file, &["bind", "ro"]);
    assert_eq!(bundle.output(), "1.00 1.00\n");
}

fn sysctls_do_not_follow_links_of_the_image(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    std::fs::remove_dir(bundle.rootfs().join("proc")).unwrap();
    bundle.folder("rootfs/fake/sys/net/core");
    bundle.write("rootfs/fake/sys/net/core/somaxconn", "fake");
    symlink("/fake", bundle.rootfs().join("proc")).unwrap();
    bundle.retain("/mounts", |mount| mount["destination"] != "/proc");
    bundle.set("/linux/sysctl", json!({ "net.core.somaxconn": "99" }));
    bundle.run();
    assert_eq!(bundle.read("rootfs/fake/sys/net/core/somaxconn"), "fake");
}

fn the_oom_score_is_not_written_to_a_false_proc(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    let fake = bundle.folder("rootfs/proc");
    for name in ["1", "self"] {
        bundle.folder(&format!("rootfs/proc/{name}"));
        bundle.write(&format!("rootfs/proc/{name}/oom_score_adj"), "fake");
    }
    bundle.retain("/mounts", |mount| mount["destination"] != "/proc");
    bundle.set("/process/oomScoreAdj", 100);
    bundle.run();
    for name in ["1", "self"] {
        assert_eq!(std::fs::read_to_string(format!("{fake}/{name}/oom_score_adj")).unwrap(), "fake");
    }
}

fn a_volume_over_proc_through_a_link_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.shell("cat /proc/self/status");
    symlink("/proc", bundle.rootfs().join("way")).unwrap();
    bundle.mount("/way/self", "tmpfs", "tmpfs", &[]);
    let outcome = bundle.run();
    assert!(!outcome.status.success(), "{outcome:?}");
}

fn a_link_leads_no_mount_into_proc(runtime: &Runtime) {
    for place in ["/way/self", "/way/sys", "/way/../way/sys/net"] {
        for kind in ["tmpfs", "bind"] {
            let mut bundle = runtime.program(&["/bin/true"]);
            symlink("/proc", bundle.rootfs().join("way")).unwrap();
            let source = bundle.folder("source");
            bundle.mount(place, kind, &source, &[if kind == "bind" { "rbind" } else { "nosuid" }]);
            let said = bundle.cannot_run();
            assert!(said.contains("inside /proc"), "{place} {kind}: {said}");
        }
    }
}
