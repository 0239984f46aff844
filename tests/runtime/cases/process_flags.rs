//! `noNewPrivileges`, `oomScoreAdj`, security labels.

use std::fs;

use knarr_runtime_cases::{Runtime, capability_sets, cases, status_field};

cases! {
    no_new_privileges_is_as_the_document_says: ["config/no-new-privileges"],
    a_file_capability_gains_nothing: ["config/no-new-privileges"],
    a_file_capability_gains_without_it: ["config/no-new-privileges"],
    the_oom_score_is_raised: ["config/oom-score-adj"],
    the_oom_score_stays_where_none_is_given: ["config/oom-score-adj"],
    an_impossible_oom_score_is_refused: ["config/oom-score-adj"],
    a_lowering_that_the_host_forbids_is_no_failure: ["config/oom-score-adj"]
        Ours("without CAP_SYS_RESOURCE runc and crun fail"),
    an_apparmor_profile_that_the_host_cannot_apply_is_refused: ["config/labels"],
    an_unconfined_apparmor_profile_is_none: ["config/labels"],
}

fn no_new_privileges_is_as_the_document_says(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/status"]);
    assert_eq!(status_field(&bundle.output(), "NoNewPrivs"), "1");
    bundle.set("/process/noNewPrivileges", false);
    assert_eq!(status_field(&bundle.output(), "NoNewPrivs"), "0");
    bundle.remove("/process/noNewPrivileges");
    assert_eq!(status_field(&bundle.output(), "NoNewPrivs"), "0");
}

/// The effective capabilities of a user's program whose file grants CAP_CHOWN.
fn granted_by_file(runtime: &Runtime, no_new_privileges: bool) -> u64 {
    let mut bundle = runtime.program(&["/etc/cat", "/proc/self/status"]);
    let program = bundle.rootfs().join("etc/cat");
    fs::copy("/bin/busybox", &program).unwrap();
    // vfs_cap_data, version 2, effective: permitted and inheritable, low and high words.
    let grant: Vec<u8> = [0x0200_0001_u32, 1, 0, 0, 0].iter().flat_map(|word| word.to_le_bytes()).collect();
    rustix::fs::setxattr(&program, "security.capability", &grant, rustix::fs::XattrFlags::empty()).unwrap();
    bundle.set("/process/user/uid", 1000);
    bundle.set("/process/noNewPrivileges", no_new_privileges);
    bundle.set("/process/capabilities", serde_json::json!({ "bounding": ["CAP_CHOWN"] }));
    capability_sets(&bundle.output())[2]
}

fn a_file_capability_gains_nothing(runtime: &Runtime) {
    assert_eq!(granted_by_file(runtime, true), 0);
}

fn a_file_capability_gains_without_it(runtime: &Runtime) {
    assert_eq!(granted_by_file(runtime, false), 1);
}

fn the_oom_score_is_raised(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/oom_score_adj"]);
    for score in [321, 1000] {
        bundle.set("/process/oomScoreAdj", score);
        assert_eq!(bundle.output(), format!("{score}\n"));
    }
}

fn the_oom_score_stays_where_none_is_given(runtime: &Runtime) {
    let own = fs::read_to_string("/proc/self/oom_score_adj").unwrap();
    assert_eq!(runtime.program(&["/bin/cat", "/proc/self/oom_score_adj"]).output(), own);
}

fn an_impossible_oom_score_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/process/oomScoreAdj", 1001);
    bundle.cannot_run();
}

fn a_lowering_that_the_host_forbids_is_no_failure(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/process/oomScoreAdj", -1000);
    bundle.output();
}

fn an_apparmor_profile_that_the_host_cannot_apply_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/process/apparmorProfile", "no-such-profile");
    bundle.cannot_run();
}

fn an_unconfined_apparmor_profile_is_none(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/process/apparmorProfile", "unconfined");
    bundle.run();
}
