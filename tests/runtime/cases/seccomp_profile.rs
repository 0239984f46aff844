//! Architectures, flags, and profiles that are wrong.

use knarr_runtime_cases::{Bundle, ELF_DATA, Runtime, cases, old_system_call, status_field};
use serde_json::{Value, json};

cases! {
    architectures_are_known: ["linux/seccomp-architectures"],
    an_unknown_architecture_is_refused: ["linux/seccomp-architectures", "config/valid-values"],
    calls_of_another_architecture_are_filtered: ["linux/seccomp-architectures"],
    the_flag_log: ["linux/seccomp-flags"] Crun("Debian 12's runc knows no flags"),
    the_flag_spec_allow: ["linux/seccomp-flags"] Crun("Debian 12's runc knows no flags"),
    the_flag_tsync: ["linux/seccomp-flags"] Crun("Debian 12's runc knows no flags"),
    an_unknown_flag_is_refused: ["linux/seccomp-flags", "config/valid-values"],
    a_rule_without_names_is_refused: ["linux/seccomp-names"] Ours("runc and crun pass over it"),
    a_rule_without_an_action_is_refused: ["linux/seccomp"],
    an_errno_for_an_action_without_one_is_refused: ["linux/seccomp-errno"] Ours("runc 1.1 and Debian's crun pass over it"),
    an_errno_that_is_too_large_is_refused: ["linux/seccomp-errno"] Ours("runc and crun take it"),
    a_profile_of_hundreds_of_rules_works: ["linux/seccomp"],
}

fn with<'r>(runtime: &'r Runtime, args: &[&str], seccomp: Value) -> Bundle<'r> {
    let mut bundle = runtime.program(args);
    bundle.set("/linux/seccomp", seccomp);
    bundle
}

/// What is said of a profile that cannot be used.
pub fn refused(runtime: &Runtime, seccomp: Value) -> String {
    with(runtime, &["/bin/true"], seccomp).cannot_run()
}

/// A rule that refuses to make folders.
pub fn no_mkdir() -> Value {
    json!([{ "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO" }])
}

fn architectures_are_known(runtime: &Runtime) {
    let all = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"];
    let profile = json!({ "defaultAction": "SCMP_ACT_ALLOW", "architectures": all, "syscalls": no_mkdir() });
    let said = with(runtime, &["/bin/mkdir", "/tmp/x"], profile).run().refused();
    assert!(said.contains("not permitted"), "{said}");
}

fn an_unknown_architecture_is_refused(runtime: &Runtime) {
    refused(runtime, json!({ "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_Z80"], "syscalls": no_mkdir() }));
}

/// A 64-bit program makes a folder by the 32-bit call (mkdir is 39 there).
fn calls_of_another_architecture_are_filtered(runtime: &Runtime) {
    let architectures = json!(["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]);
    let profile = json!({ "defaultAction": "SCMP_ACT_ALLOW", "architectures": architectures, "syscalls": no_mkdir() });
    let bundle = with(runtime, &["/etc/old-call"], profile);
    let program = bundle.rootfs().join("etc/old-call");
    std::fs::write(&program, old_system_call(39, [ELF_DATA, 0o700, 0], b"/tmp/x\0")).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    assert_eq!(bundle.run().code(), Some(1));
}

fn flag(runtime: &Runtime, name: &str) {
    let profile = json!({ "defaultAction": "SCMP_ACT_ALLOW", "flags": [name], "syscalls": no_mkdir() });
    let status = with(runtime, &["/bin/cat", "/proc/self/status"], profile).output();
    assert_eq!(status_field(&status, "Seccomp"), "2");
}

fn the_flag_log(runtime: &Runtime) {
    flag(runtime, "SECCOMP_FILTER_FLAG_LOG");
}

fn the_flag_spec_allow(runtime: &Runtime) {
    flag(runtime, "SECCOMP_FILTER_FLAG_SPEC_ALLOW");
}

fn the_flag_tsync(runtime: &Runtime) {
    flag(runtime, "SECCOMP_FILTER_FLAG_TSYNC");
}

fn an_unknown_flag_is_refused(runtime: &Runtime) {
    refused(runtime, json!({ "defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_MAGIC"], "syscalls": no_mkdir() }));
}

fn a_rule_without_names_is_refused(runtime: &Runtime) {
    refused(runtime, json!({ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{ "names": [], "action": "SCMP_ACT_ERRNO" }] }));
}

fn a_rule_without_an_action_is_refused(runtime: &Runtime) {
    refused(runtime, json!({ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{ "names": ["mkdir"] }] }));
}

fn an_errno_for_an_action_without_one_is_refused(runtime: &Runtime) {
    let rule = json!([{ "names": ["mkdir"], "action": "SCMP_ACT_KILL_PROCESS", "errnoRet": 1 }]);
    refused(runtime, json!({ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": rule }));
    refused(runtime, json!({ "defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": 1, "syscalls": no_mkdir() }));
}

fn an_errno_that_is_too_large_is_refused(runtime: &Runtime) {
    let rule = json!([{ "names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5000 }]);
    refused(runtime, json!({ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": rule }));
}

fn a_profile_of_hundreds_of_rules_works(runtime: &Runtime) {
    let arg = |value: u32| json!([{ "index": 0, "value": value, "op": "SCMP_CMP_EQ" }]);
    let mut rules: Vec<Value> = (0..300)
        .map(|value| json!({ "names": ["personality"], "action": "SCMP_ACT_ERRNO", "args": arg(value + 100) }))
        .collect();
    rules.extend(no_mkdir().as_array().unwrap().clone());
    let said = with(runtime, &["/bin/mkdir", "/tmp/x"], json!({ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": rules })).run().refused();
    assert!(said.contains("not permitted"), "{said}");
}
