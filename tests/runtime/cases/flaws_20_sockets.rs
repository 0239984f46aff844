//! Flaw rows 20 and 21: a filter on socket families that compares 64 bits (CVE-2026-123876), and exotic families.
//!
//! Guard: a masked comparison tests only what its mask covers, so that a rule for 32 bits can be written; the default
//! profile does (`knarr-seccomp`). Seen to fail with the upper word compared whatever the mask says.

use knarr_runtime_cases::{Runtime, cases, system_call};
use serde_json::json;

cases! {
    a_masked_comparison_sees_the_low_word: ["flaw/20", "flaw/21"],
}

/// `socket(40, …)`, with and without upper bits, by a program of a few instructions: exit code 0 when it is refused.
fn a_masked_comparison_sees_the_low_word(runtime: &Runtime) {
    for family in [40_u64, 40 | 1 << 32] {
        let mut bundle = runtime.program(&["/etc/socket"]);
        let file = bundle.rootfs().join("etc/socket");
        std::fs::write(&file, system_call(41, [family, 1, 0])).unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let masked = json!([{ "index": 0, "value": 0xffff_ffff_u64, "valueTwo": 40, "op": "SCMP_CMP_MASKED_EQ" }]);
        let rule = json!({ "names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "args": masked });
        bundle.set("/linux/seccomp", json!({ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule] }));
        assert_eq!(bundle.run().code(), Some(1), "{family:#x}");
    }
}
