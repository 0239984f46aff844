//! The system call filter, in run and exec alike.

mod support;

use knarr_spec::{Seccomp, Syscall};
use support::{Bundle, status_field};

fn profile(default: &str, names: &[&str], action: &str) -> Seccomp {
    let rule = Syscall {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        action: action.into(),
        errno_ret: Some(1),
        args: vec![],
    };
    Seccomp { default_action: default.into(), syscalls: vec![rule], ..Seccomp::default() }
}

fn no_mkdir() -> Seccomp {
    profile("SCMP_ACT_ALLOW", &["mkdir", "mkdirat"], "SCMP_ACT_ERRNO")
}

#[test]
fn a_refused_call_fails_in_run_and_exec_with_and_without_no_new_privileges() {
    for no_new_privileges in [true, false] {
        let mut bundle = Bundle::program(&["/bin/sleep", "1000"]);
        bundle.process().no_new_privileges = no_new_privileges;
        bundle.linux().seccomp = Some(no_mkdir());
        bundle.start();
        let status = std::fs::read_to_string(format!("/proc/{}/status", bundle.state().pid)).unwrap();
        assert_eq!(status_field(&status, "Seccomp"), "2");
        let output = bundle.exec(&["mkdir", "/tmp/x"]);
        assert!(String::from_utf8_lossy(&output.stderr).contains("Operation not permitted"), "{output:?}");
        assert_eq!(status_field(&bundle.exec_shell("cat /proc/self/status"), "Seccomp"), "2");
    }
}

#[test]
fn a_document_without_a_profile_has_no_filter() {
    assert_eq!(status_field(&Bundle::program(&["/bin/cat", "/proc/self/status"]).output(), "Seccomp"), "0");
}

#[test]
fn an_unknown_action_is_an_error_and_never_no_filter() {
    let mut bundle = Bundle::program(&["/bin/true"]);
    bundle.linux().seccomp = Some(profile("SCMP_ACT_HOPE", &["mkdir"], "SCMP_ACT_ERRNO"));
    let text = bundle.refused(&["run", "--bundle", bundle.path().to_str().unwrap(), bundle.id()]);
    assert!(text.contains("SCMP_ACT_HOPE"), "{text}");
    bundle.assert_nothing_left();
}

#[test]
fn the_default_profile_lets_programs_work_under_init_too() {
    let mut bundle = Bundle::shell("echo works; unshare -m true 2>/dev/null || echo refused");
    bundle.capabilities(&["CAP_SYS_CHROOT"]);
    let capabilities = vec!["CAP_SYS_CHROOT".to_owned()];
    bundle.linux().seccomp = Some(knarr_seccomp::default_profile(&capabilities).unwrap());
    for init in ["false", "true"] {
        bundle.spec.annotations.insert("dev.knarr.init".into(), init.into());
        assert_eq!(bundle.output(), "works\nrefused\n");
    }
}
