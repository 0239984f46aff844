//! Flaw row 15: numbers of users that mean somebody else (CVE-2016-3697, CVE-2024-40635).
//!
//! Guards: `exec::id` and `plan::process::id` take decimal numbers up to 2^31 - 1 and nothing else. Seen to fail with
//! the standard library's own reading of numbers: `+0` is root.

use knarr_runtime_cases::{Runtime, cases};

cases! {
    what_is_no_plain_number_is_refused: ["flaw/15"] Ours("runc 1.1 takes +0 and numbers with leading zeros, crun any text"),
    what_is_too_large_is_refused: ["flaw/15"] Ours("runc 1.1 wraps some around"),
    a_user_of_the_image_by_the_name_of_a_number_is_not_meant: ["flaw/15"],
}

fn refused(runtime: &Runtime, users: &[&str]) {
    let bundle = runtime.sleeper();
    for user in users {
        let outcome = bundle.verb(&["exec", "--user", user, bundle.id(), "true"]);
        assert!(!outcome.status.success(), "{user:?}");
    }
}

fn what_is_no_plain_number_is_refused(runtime: &Runtime) {
    let users = [
        "root", "+0", "-0", "-1", " 0", "0 ", "0x0", "0o0", "0b0", "1e3", "1.0", "0,0", "٠", "0\n", "alice", "0:", "0:+0",
        "0:-1", "0:x", "0:0:0", ":0", "1_000", "1000:alice", "%30", "'0'", "\"0\"", "$(id)", "0;0", "0/0", "NaN", "∞",
    ];
    refused(runtime, &users);
}

fn what_is_too_large_is_refused(runtime: &Runtime) {
    let users = [
        "2147483648", "4294967295", "4294967296", "4294968296", "18446744073709551615", "18446744073709551616",
        "99999999999999999999999999", "0:2147483648", "0:4294967295", "0:4294967296", "-2147483648", "-4294967296",
    ];
    refused(runtime, &users);
}

fn a_user_of_the_image_by_the_name_of_a_number_is_not_meant(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    bundle.write("rootfs/etc/passwd", "1000:x:0:0::/root:/bin/sh\n");
    assert_eq!(bundle.ok(&["exec", "--user", "1000", bundle.id(), "id", "-u"]), "1000\n");
}
