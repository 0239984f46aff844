//! The init process that is asked for by annotation.

mod support;

use std::io::{BufRead, BufReader};

use knarr_runtime_cases::{Bundle, status_field};
use serde_json::json;
use support::ours;

fn with_init(script: &str) -> Bundle<'static> {
    let mut bundle = ours().shell(script);
    bundle.set("/annotations", json!({ "dev.knarr.init": "true" }));
    bundle
}

#[test]
fn the_program_is_a_child_and_its_exit_code_arrives() {
    assert_eq!(with_init("test $$ != 1 && exit 33").run().code(), Some(33));
    assert_eq!(with_init("kill -9 $$").run().code(), Some(137));
}

#[test]
fn nothing_of_the_runtime_is_seen_in_it() {
    let mut bundle = with_init(
        "cat /proc/1/cmdline | wc -c; cat /proc/1/cmdline; echo; ls /proc/1/fd /proc/1/root 2>/dev/null; cat /proc/1/status",
    );
    bundle.capabilities(&["CAP_CHOWN"]);
    let output = bundle.output();
    assert!(output.starts_with("11\nknarr-init\0\n"), "{output}");
    assert!(!output.contains(bundle.path().to_str().unwrap()), "{output}");
    assert_eq!(status_field(&output, "CapEff"), "0000000000000001");
    assert_eq!(status_field(&output, "NoNewPrivs"), "1");
}

#[test]
fn orphans_are_reaped() {
    let script = "(sleep 0.05 & ) ; (sleep 0.05 &) ; sleep 0.3; cat /proc/[0-9]*/status | grep -c 'State:.*Z'";
    assert_eq!(with_init(script).run().stdout.trim(), "0");
}

#[test]
fn signals_are_forwarded_to_the_program() {
    let bundle = with_init("trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done");
    let mut child = bundle.spawn();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    bundle.ok(&["kill", bundle.id(), "TERM"]);
    assert_eq!(child.wait().unwrap().code(), Some(9));
}

#[test]
fn a_program_that_cannot_start_is_reported() {
    use std::os::unix::fs::PermissionsExt;
    let mut bundle = with_init("");
    bundle.set("/process/args", json!(["/etc/data"]));
    let file = bundle.rootfs().join("etc/data");
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
    let output = bundle.run();
    assert_eq!(output.code(), Some(1));
    assert!(output.said().contains("exec /etc/data: exec format error"));
    bundle.assert_nothing_left();
}

#[test]
fn the_default_profile_lets_it_work() {
    let mut bundle = with_init("echo works; unshare -m true 2>/dev/null || echo refused");
    bundle.capabilities(&["CAP_SYS_CHROOT"]);
    let capabilities = vec!["CAP_SYS_CHROOT".to_owned()];
    let profile = knarr_seccomp::default_profile(&capabilities, knarr_seccomp::Flavour::Tightened).unwrap();
    bundle.set("/linux/seccomp", serde_json::to_value(profile).unwrap());
    assert_eq!(bundle.output(), "works\nrefused\n");
}
