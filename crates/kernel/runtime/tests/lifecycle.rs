//! create, start, state, kill, pause, resume, update, list, delete.

mod support;

use std::fs;
use std::os::fd::OwnedFd;

use knarr_spec::Status;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use support::Bundle;

fn process(pid: i32) -> OwnedFd {
    pidfd_open(Pid::from_raw(pid).unwrap(), PidfdFlags::empty()).unwrap()
}

fn wait_for_end(process: &OwnedFd) {
    poll(&mut [PollFd::new(process, PollFlags::IN)], None).unwrap();
}

#[test]
fn a_created_container_waits_for_start() {
    let bundle = Bundle::shell("echo ran > /etc/ran; sleep 1000");
    let path = bundle.path().to_str().unwrap().to_owned();
    bundle.background(&["create", "--bundle", &path, bundle.id()]);
    assert_eq!(bundle.state().status, Status::Created);
    assert!(!bundle.rootfs().join("etc/ran").exists());
    bundle.ok(&["start", bundle.id()]);
    assert_eq!(bundle.state().status, Status::Running);
    assert!(bundle.refused(&["start", bundle.id()]).contains("running"));
    while !bundle.rootfs().join("etc/ran").exists() {
        std::thread::yield_now();
    }
}

#[test]
fn a_created_container_can_be_deleted_without_having_run() {
    let bundle = Bundle::shell("echo ran > /etc/ran");
    let path = bundle.path().to_str().unwrap().to_owned();
    bundle.background(&["create", "--bundle", &path, bundle.id()]);
    bundle.ok(&["delete", bundle.id()]);
    bundle.assert_nothing_left();
    assert!(!bundle.rootfs().join("etc/ran").exists());
}

#[test]
fn create_reports_a_program_that_is_not_there() {
    let bundle = Bundle::program(&["nope"]);
    let text = bundle.refused(&["create", "--bundle", bundle.path().to_str().unwrap(), bundle.id()]);
    assert!(text.contains("executable file not found"), "{text}");
    bundle.assert_nothing_left();
}

#[test]
fn the_state_follows_the_container() {
    let mut bundle = Bundle::program(&["/bin/sleep", "1000"]);
    bundle.spec.annotations.insert("a.b".into(), "c".into());
    bundle.start();
    let state = bundle.state();
    assert_eq!(state.status, Status::Running);
    assert_eq!(state.annotations["a.b"], "c");
    assert_eq!(state.bundle, bundle.path().display().to_string());
    let first = process(state.pid);
    bundle.ok(&["pause", bundle.id()]);
    assert_eq!(bundle.state().status, Status::Paused);
    assert!(bundle.refused(&["delete", bundle.id()]).contains("paused"));
    bundle.ok(&["resume", bundle.id()]);
    assert_eq!(bundle.state().status, Status::Running);
    assert!(bundle.refused(&["delete", bundle.id()]).contains("running"));
    bundle.ok(&["kill", bundle.id(), "KILL"]);
    wait_for_end(&first);
    assert_eq!(bundle.state().status, Status::Stopped);
    assert_eq!(bundle.state().pid, 0);
    assert!(bundle.refused(&["kill", bundle.id(), "TERM"]).contains("stopped"));
    bundle.ok(&["delete", bundle.id()]);
    bundle.assert_nothing_left();
}

#[test]
fn a_paused_container_can_be_killed() {
    let bundle = Bundle::program(&["/bin/sleep", "1000"]);
    bundle.start();
    let first = process(bundle.state().pid);
    bundle.ok(&["pause", bundle.id()]);
    bundle.ok(&["kill", bundle.id(), "KILL"]);
    wait_for_end(&first);
}

#[test]
fn signals_reach_the_first_process() {
    let bundle = Bundle::shell("trap 'exit 0' USR1; touch /etc/ready; while :; do sleep 0.05; done");
    bundle.start();
    while !bundle.rootfs().join("etc/ready").exists() {
        std::thread::yield_now();
    }
    let first = process(bundle.state().pid);
    bundle.ok(&["kill", bundle.id(), "SIGUSR1"]);
    wait_for_end(&first);
    assert!(bundle.refused(&["kill", bundle.id(), "NOPE"]).contains("unknown signal"));
}

#[test]
fn a_forced_delete_ends_every_process() {
    let bundle = Bundle::shell("sleep 1000 & sleep 1000 & wait");
    bundle.start();
    let first = process(bundle.state().pid);
    bundle.ok(&["delete", "--force", bundle.id()]);
    wait_for_end(&first);
    bundle.assert_nothing_left();
}

#[test]
fn the_list_has_the_container() {
    let bundle = Bundle::program(&["/bin/sleep", "1000"]);
    bundle.start();
    assert_eq!(bundle.ok(&["list", "-q"]).trim(), bundle.id());
    let list: serde_json::Value = serde_json::from_str(&bundle.ok(&["list", "--format", "json"])).unwrap();
    assert_eq!(list[0]["status"], "running");
    assert!(bundle.ok(&["list"]).starts_with("ID "));
}

#[test]
fn limits_hold_and_can_be_changed() {
    let mut bundle = Bundle::program(&["/bin/sleep", "1000"]);
    let resources = bundle.linux().resources.get_or_insert_default();
    resources.memory = Some(knarr_spec::Memory { limit: Some(64 << 20), ..Default::default() });
    resources.pids = Some(knarr_spec::Pids { limit: 5 });
    bundle.start();
    let folders = support::cgroup_folders(bundle.id());
    let read = |file: &str| folders.iter().find_map(|f| fs::read_to_string(f.join(file)).ok()).unwrap();
    assert_eq!(read("pids.max").trim(), "5");
    let fork_bomb = "for i in $(seq 10); do sleep 1000 >/dev/null 2>&1 & done";
    let output = bundle.exec(&["sh", "-c", fork_bomb]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("can't fork"), "{output:?}");
    bundle.ok(&["kill", "--all", bundle.id(), "WINCH"]);
    bundle.ok(&["update", "--pids-limit", "50", bundle.id()]);
    assert_eq!(read("pids.max").trim(), "50");
    let stats: serde_json::Value = serde_json::from_str(&bundle.ok(&["events", "--stats", bundle.id()])).unwrap();
    assert_eq!(stats["data"]["memory"]["usage"]["limit"], 64 << 20);
}

#[test]
fn memory_over_the_limit_is_killed() {
    let mut bundle = Bundle::shell("head -c 100000000 /dev/zero | tail");
    let resources = bundle.linux().resources.get_or_insert_default();
    resources.memory = Some(knarr_spec::Memory { limit: Some(16 << 20), swap: Some(16 << 20), ..Default::default() });
    let output = bundle.run();
    assert_eq!(output.status.code(), Some(137), "{output:?}");
}

#[test]
fn devices_that_are_not_allowed_cannot_be_opened() {
    let mut bundle = Bundle::shell("mknod /etc/disk b 254 0 && cat /etc/disk | head -c 1; cat /dev/null && echo fine");
    bundle.capabilities(&["CAP_MKNOD"]);
    let rule = |kind: &str, major, minor, access: &str| knarr_spec::DeviceRule {
        allow: true,
        kind: kind.into(),
        major,
        minor,
        access: access.into(),
    };
    let deny = knarr_spec::DeviceRule { allow: false, access: "rwm".into(), ..Default::default() };
    bundle.linux().resources.get_or_insert_default().devices =
        vec![deny, rule("b", None, None, "m"), rule("c", Some(1), Some(3), "rwm")];
    let output = bundle.run();
    assert_eq!(output.stdout, b"fine\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("not permitted"), "{output:?}");
}

#[test]
fn hooks_run_in_their_order_and_are_told_the_state() {
    let mut bundle = Bundle::program(&["/bin/true"]);
    let file = bundle.path().join("hooks");
    let hook = |name: &str| knarr_spec::Hook {
        path: "/bin/sh".into(),
        args: vec!["sh".into(), "-c".into(), format!("cat >/dev/null; echo {name} >> {}", file.display())],
        ..Default::default()
    };
    let told = knarr_spec::Hook {
        path: "/bin/sh".into(),
        args: vec!["sh".into(), "-c".into(), format!("cat > {}.state", file.display())],
        ..Default::default()
    };
    bundle.spec.hooks = Some(knarr_spec::Hooks {
        create_runtime: vec![hook("createRuntime"), told],
        create_container: vec![hook("createContainer")],
        poststart: vec![hook("poststart")],
        poststop: vec![hook("poststop")],
        ..Default::default()
    });
    assert!(bundle.run().status.success());
    assert_eq!(fs::read_to_string(&file).unwrap(), "createRuntime\ncreateContainer\npoststart\npoststop\n");
    let state: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(file.with_extension("state")).unwrap()).unwrap();
    assert_eq!(state["id"], bundle.id());
    assert!(state["pid"].as_i64().unwrap() > 0);
}

#[test]
fn a_hook_that_fails_or_hangs_ends_the_container() {
    let mut bundle = Bundle::program(&["/bin/sleep", "1000"]);
    let hook = |path: &str, args: &[&str], timeout| knarr_spec::Hook {
        path: path.into(),
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        timeout,
        ..Default::default()
    };
    for bad in [hook("/bin/false", &[], None), hook("/bin/sleep", &["sleep", "1000"], Some(1))] {
        bundle.spec.hooks = Some(knarr_spec::Hooks { create_runtime: vec![bad], ..Default::default() });
        let text = bundle.refused(&["run", "-d", "--bundle", bundle.path().to_str().unwrap(), bundle.id()]);
        assert!(text.contains("createRuntime hook"), "{text}");
        bundle.assert_nothing_left();
    }
}

#[test]
fn hooks_after_the_start_and_the_end_only_warn() {
    let mut bundle = Bundle::shell("echo ran");
    let file = bundle.path().join("after");
    let failing = || knarr_spec::Hook { path: "/bin/false".into(), ..Default::default() };
    let next = |name: &str| knarr_spec::Hook {
        path: "/bin/sh".into(),
        args: vec!["sh".into(), "-c".into(), format!("echo {name} >> {}", file.display())],
        ..Default::default()
    };
    bundle.spec.hooks = Some(knarr_spec::Hooks {
        poststart: vec![failing(), next("poststart")],
        poststop: vec![failing(), next("poststop")],
        ..Default::default()
    });
    assert_eq!(bundle.output(), "ran\n");
    assert_eq!(fs::read_to_string(&file).unwrap(), "poststart\npoststop\n");
    let log = fs::read_to_string(bundle.log()).unwrap();
    let warnings = log.lines().filter(|line| line.contains("\"level\":\"warning\"") && line.contains("/bin/false"));
    assert_eq!(warnings.count(), 2, "{log}");
}

#[test]
fn hooks_inside_are_told_where_the_container_is() {
    let mut bundle = Bundle::shell("cat /created; echo; cat /started");
    let told = |file: &str| knarr_spec::Hook {
        path: "/bin/sh".into(),
        args: vec!["sh".into(), "-c".into(), format!("cat > {file}")],
        ..Default::default()
    };
    let created = bundle.rootfs().join("created");
    bundle.spec.hooks = Some(knarr_spec::Hooks {
        create_container: vec![told(created.to_str().unwrap())],
        start_container: vec![told("/started")],
        ..Default::default()
    });
    let output = bundle.output();
    let states: Vec<serde_json::Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let statuses: Vec<&str> = states.iter().map(|state| state["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["creating", "created"]);
    assert!(states.iter().all(|state| state["pid"] == 1 && state["id"] == bundle.id()));
}
