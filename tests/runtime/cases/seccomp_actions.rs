//! What a filter answers.

use knarr_runtime_cases::{Bundle, Runtime, cases, status_field};
use serde_json::{Value, json};

cases! {
    errno_is_the_given_one: ["linux/seccomp"],
    errno_is_eperm_by_default: ["linux/seccomp"],
    kill_thread: ["linux/seccomp"],
    kill_is_kill_thread: ["linux/seccomp"],
    kill_process: ["linux/seccomp"],
    trap: ["linux/seccomp"],
    trace_without_a_tracer: ["linux/seccomp"],
    allow: ["linux/seccomp"],
    log_lets_it_happen: ["linux/seccomp"],
    a_default_action_refuses_the_rest: ["linux/seccomp"],
    a_default_errno: ["linux/seccomp"],
    no_profile_is_no_filter: ["linux/seccomp"],
    a_filter_is_there_with_and_without_no_new_privileges: ["linux/seccomp"],
    the_first_matching_rule_counts: ["linux/seccomp"],
    a_call_that_the_kernel_lacks_is_ignored: ["linux/seccomp"],
}

/// A container that makes a folder, with a rule for that.
fn mkdir<'r>(runtime: &'r Runtime, action: &str, errno: Option<u32>) -> Bundle<'r> {
    let mut bundle = runtime.program(&["/bin/mkdir", "/tmp/x"]);
    let mut rule = json!({ "names": ["mkdir", "mkdirat"], "action": action });
    if let Some(errno) = errno {
        rule["errnoRet"] = json!(errno);
    }
    bundle.set("/linux/seccomp", profile("SCMP_ACT_ALLOW", json!([rule])));
    bundle
}

fn profile(default: &str, rules: Value) -> Value {
    json!({ "defaultAction": default, "syscalls": rules })
}

fn errno_is_the_given_one(runtime: &Runtime) {
    for (errno, text) in [(13, "Permission denied"), (28, "No space left"), (95, "not supported")] {
        let said = mkdir(runtime, "SCMP_ACT_ERRNO", Some(errno)).run().refused();
        assert!(said.contains(text), "{said}");
    }
}

fn errno_is_eperm_by_default(runtime: &Runtime) {
    let said = mkdir(runtime, "SCMP_ACT_ERRNO", None).run().refused();
    assert!(said.contains("Operation not permitted"), "{said}");
}

fn killed(runtime: &Runtime, action: &str) {
    let bundle = mkdir(runtime, action, None);
    assert_eq!(bundle.run().code(), Some(128 + 31), "{action}");
    assert!(!bundle.rootfs().join("tmp/x").exists());
}

fn kill_thread(runtime: &Runtime) {
    killed(runtime, "SCMP_ACT_KILL_THREAD");
}

fn kill_is_kill_thread(runtime: &Runtime) {
    killed(runtime, "SCMP_ACT_KILL");
}

fn kill_process(runtime: &Runtime) {
    killed(runtime, "SCMP_ACT_KILL_PROCESS");
}

fn trap(runtime: &Runtime) {
    killed(runtime, "SCMP_ACT_TRAP");
}

fn trace_without_a_tracer(runtime: &Runtime) {
    let said = mkdir(runtime, "SCMP_ACT_TRACE", Some(1)).run().refused();
    assert!(said.contains("not implemented"), "{said}");
}

fn allow(runtime: &Runtime) {
    let bundle = mkdir(runtime, "SCMP_ACT_ALLOW", None);
    bundle.output();
    assert!(bundle.rootfs().join("tmp/x").exists());
}

fn log_lets_it_happen(runtime: &Runtime) {
    let bundle = mkdir(runtime, "SCMP_ACT_LOG", None);
    bundle.output();
    assert!(bundle.rootfs().join("tmp/x").exists());
}

/// Everything is refused but what a shell needs.
fn allowlist(runtime: &Runtime, errno: Option<u32>) -> String {
    let mut bundle = runtime.shell("echo ran; mkdir /tmp/x");
    bundle.set("/linux/seccomp", profile("SCMP_ACT_ERRNO", json!([{ "names": CALLS, "action": "SCMP_ACT_ALLOW" }])));
    if let Some(errno) = errno {
        bundle.set("/linux/seccomp/defaultErrnoRet", errno);
    }
    let outcome = bundle.run();
    assert_eq!(outcome.stdout, "ran\n", "{outcome:?}");
    outcome.stderr
}

fn a_default_action_refuses_the_rest(runtime: &Runtime) {
    let said = allowlist(runtime, None);
    assert!(said.contains("Operation not permitted"), "{said}");
}

fn a_default_errno(runtime: &Runtime) {
    let said = allowlist(runtime, Some(28));
    assert!(said.contains("No space left"), "{said}");
}

fn no_profile_is_no_filter(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/cat", "/proc/self/status"]);
    assert_eq!(status_field(&bundle.output(), "Seccomp"), "0");
}

fn a_filter_is_there_with_and_without_no_new_privileges(runtime: &Runtime) {
    for no_new_privileges in [true, false] {
        let mut bundle = mkdir(runtime, "SCMP_ACT_ERRNO", None);
        bundle.set("/process/args", json!(["/bin/cat", "/proc/self/status"]));
        bundle.set("/process/noNewPrivileges", no_new_privileges);
        let status = bundle.output();
        assert_eq!(status_field(&status, "Seccomp"), "2");
        assert_eq!(status_field(&status, "NoNewPrivs"), u8::from(no_new_privileges).to_string());
    }
}

fn the_first_matching_rule_counts(runtime: &Runtime) {
    // Not two actions for a call without conditions, which libseccomp refuses: one condition holds, the other not.
    let mut bundle = runtime.shell("chmod 700 /etc/data; chmod 711 /etc/data");
    let arg = |value: u64| json!([{ "index": 1, "value": value, "op": "SCMP_CMP_EQ" }]);
    let rule = |value: u64, errno: u32| json!({ "names": ["chmod"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno, "args": arg(value) });
    bundle.set("/linux/seccomp", profile("SCMP_ACT_ALLOW", json!([rule(0o700, 28), rule(0o711, 13)])));
    let outcome = bundle.run();
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    assert!(lines[0].contains("No space left") && lines[1].contains("Permission denied"), "{outcome:?}");
}

fn a_call_that_the_kernel_lacks_is_ignored(runtime: &Runtime) {
    let mut bundle = runtime.shell("echo ran");
    let rule = json!({ "names": ["mkdir", "not_a_system_call"], "action": "SCMP_ACT_ERRNO" });
    bundle.set("/linux/seccomp", profile("SCMP_ACT_ALLOW", json!([rule])));
    assert_eq!(bundle.output(), "ran\n");
}

/// What a runtime and a shell with `echo` need.
const CALLS: &[&str] = &[
    "access", "arch_prctl", "brk", "capget", "capset", "chdir", "clone", "close", "close_range", "dup", "dup2", "dup3",
    "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_wait", "execve", "exit", "exit_group", "faccessat", "faccessat2",
    "fchdir", "fchown", "fcntl", "fork", "fstat", "fstatfs", "futex", "getcwd", "getdents64", "geteuid", "getegid", "getgid",
    "getpgrp", "getpid", "getppid", "getrandom", "gettid", "getuid", "ioctl", "kill", "lseek", "lstat", "madvise", "mmap",
    "mprotect", "munmap", "nanosleep", "newfstatat", "open", "openat", "openat2", "pipe2", "poll", "ppoll", "prctl", "pread64",
    "prlimit64", "read", "readlink", "readlinkat", "recvfrom", "recvmsg", "rseq", "rt_sigaction", "rt_sigprocmask",
    "rt_sigreturn", "sched_getaffinity", "sched_yield", "seccomp", "sendto", "set_robust_list", "set_tid_address", "setgid",
    "setgroups", "setresgid", "setresuid", "setsid", "setuid", "sigaltstack", "stat", "statx", "tgkill", "time", "umask",
    "uname", "unlink", "unlinkat", "vfork", "wait4", "waitid", "write", "writev",
];
