//! The kernel takes the programs, and does what they say. A filter holds for one thread and what it starts: each test has
//! a thread of its own.

use std::process::Command;

use knarr_seccomp::{Program, compile, default_profile, install};
use knarr_spec::{Seccomp, Syscall};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, socket};

fn filtered<T: Send + 'static>(program: Program, work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::spawn(move || {
        rustix::thread::set_no_new_privs(true).unwrap();
        assert!(install(&program).unwrap().is_none());
        work()
    });
    thread.join().unwrap()
}

fn policy(caps: &[&str]) -> Program {
    let caps: Vec<String> = caps.iter().map(|cap| (*cap).to_owned()).collect();
    compile(&default_profile(&caps, knarr_seccomp::Flavour::Tightened).unwrap()).unwrap()
}

#[test]
fn ordinary_programs_run_under_the_policy() {
    let script = "set -e; cd /tmp; d=$(mktemp -d); echo a > $d/a; ln $d/a $d/b; cat $d/b | sort | wc -l; rm -r $d; date; id; \
                  ls -la / > /dev/null; ps > /dev/null; sleep 0; (exit 3) || echo $?";
    let output = filtered(policy(&[]), move || Command::new("sh").args(["-c", script]).output().unwrap());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("3\n"));
}

#[test]
fn families_and_namespaces_are_refused_by_the_kernel() {
    let open = |family: u16| move || socket(AddressFamily::from_raw(family), SocketType::STREAM, None).map(drop);
    assert_eq!(filtered(policy(&[]), open(1)), Ok(()));
    assert_eq!(filtered(policy(&[]), open(2)), Ok(()));
    for family in [15, 21, 33, 38, 40] {
        assert_eq!(filtered(policy(&[]), open(family)), Err(Errno::PERM), "{family}");
    }
    let unshare = || Command::new("unshare").args(["--mount", "true"]).status().unwrap().success();
    assert!(!filtered(policy(&[]), unshare));
    assert!(filtered(policy(&["CAP_SYS_ADMIN"]), unshare));
}

#[test]
fn an_errno_and_a_killing_are_what_was_asked_for() {
    let one = |action: &str, errno_ret| Seccomp {
        default_action: "SCMP_ACT_ALLOW".into(),
        syscalls: vec![Syscall {
            names: vec!["mkdir".into(), "mkdirat".into()],
            action: action.into(),
            errno_ret,
            args: vec![],
        }],
        ..Seccomp::default()
    };
    let make = || std::fs::create_dir("/proc/none").unwrap_err().raw_os_error();
    let program = compile(&one("SCMP_ACT_ERRNO", Some(77))).unwrap();
    assert_eq!(filtered(program, make), Some(77));
    let program = compile(&one("SCMP_ACT_KILL_PROCESS", None)).unwrap();
    let status = filtered(program, || Command::new("mkdir").arg("/proc/none").status().unwrap());
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(31));
}

#[test]
fn a_listener_is_given_for_notifications() {
    let profile = Seccomp {
        default_action: "SCMP_ACT_ALLOW".into(),
        listener_path: "/run/listener".into(),
        syscalls: vec![Syscall { names: vec!["mkdir".into()], action: "SCMP_ACT_NOTIFY".into(), ..Syscall::default() }],
        ..Seccomp::default()
    };
    let program = compile(&profile).unwrap();
    let listener = std::thread::spawn(move || {
        rustix::thread::set_no_new_privs(true).unwrap();
        install(&program).unwrap()
    });
    assert!(listener.join().unwrap().is_some());
}

#[test]
fn the_policy_is_small() {
    let program = policy(&[]);
    println!("{} instructions", program.filter.len());
    assert!(program.filter.len() < 1500);
}
