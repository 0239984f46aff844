//! `kill`.

use knarr_runtime_cases::{Runtime, cases, ended, until};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

cases! {
    a_signal_reaches_the_first_process: ["runtime/kill"],
    signals_have_names_with_and_without_sig_and_numbers: ["cli/kill"],
    the_default_is_term: ["cli/kill"],
    an_unknown_signal_is_refused: ["cli/kill"],
    a_stopped_container_is_refused: ["runtime/kill-stopped"],
    an_unknown_container_is_refused: ["runtime/kill-arguments"],
    an_id_is_required: ["runtime/kill-arguments"],
    all_reaches_every_process: ["cli/kill"],
    a_paused_container_can_be_killed: ["cli/kill"],
    without_a_pid_namespace_all_ends_every_process: ["cli/kill"],
    others_are_not_touched: ["runtime/kill"],
}

const TRAPS: &str = "trap 'echo usr1 >> /etc/got' USR1; trap 'echo term >> /etc/got; exit 0' TERM; touch /etc/ready; \
                     while :; do sleep 0.02; done";

fn a_signal_reaches_the_first_process(runtime: &Runtime) {
    let bundle = runtime.shell(TRAPS);
    bundle.start();
    bundle.until_there("etc/ready");
    bundle.ok(&["kill", bundle.id(), "USR1"]);
    until("the signal came", || bundle.read("rootfs/etc/got") == "usr1\n");
    assert_eq!(bundle.status(), "running");
}

fn signals_have_names_with_and_without_sig_and_numbers(runtime: &Runtime) {
    let bundle = runtime.shell(TRAPS);
    bundle.start();
    bundle.until_there("etc/ready");
    for (count, signal) in ["SIGUSR1", "10", "USR1"].iter().enumerate() {
        bundle.ok(&["kill", bundle.id(), signal]);
        until("the signal came", || bundle.read("rootfs/etc/got").lines().count() == count + 1);
    }
}

fn the_default_is_term(runtime: &Runtime) {
    let bundle = runtime.shell(TRAPS);
    bundle.start();
    bundle.until_there("etc/ready");
    bundle.ok(&["kill", bundle.id()]);
    until("stopped", || bundle.status() == "stopped");
    assert_eq!(bundle.read("rootfs/etc/got"), "term\n");
}

fn an_unknown_signal_is_refused(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    for signal in ["NOPE", "SIG", "SIGSIG"] {
        let said = bundle.refused(&["kill", bundle.id(), signal]);
        assert!(said.contains("signal"), "{signal:?}: {said}");
    }
    assert_eq!(bundle.status(), "running");
}

fn a_stopped_container_is_refused(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    bundle.end();
    for signal in ["TERM", "KILL"] {
        bundle.refused(&["kill", bundle.id(), signal]);
    }
    assert_eq!(bundle.status(), "stopped");
}

fn an_unknown_container_is_refused(runtime: &Runtime) {
    let said = runtime.program(&["/bin/true"]).refused(&["kill", "unknown", "TERM"]);
    assert!(said.contains("does not exist"), "{said}");
}

fn an_id_is_required(runtime: &Runtime) {
    runtime.program(&["/bin/true"]).refused(&["kill"]);
}

fn all_reaches_every_process(runtime: &Runtime) {
    let traps = "trap 'echo $0 >> /etc/got' USR1; echo $0 >> /etc/ready; while :; do sleep 0.02; done";
    let bundle = runtime.shell(&format!("sh -c \"{}\" child & {traps}", traps.replace('$', "\\$")));
    bundle.start();
    until("both are ready", || bundle.read("rootfs/etc/ready").lines().count() == 2);
    bundle.ok(&["kill", "--all", bundle.id(), "USR1"]);
    until("both got it", || bundle.read("rootfs/etc/got").lines().count() == 2);
}

fn a_paused_container_can_be_killed(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    let first = pidfd_open(Pid::from_raw(bundle.pid()).unwrap(), PidfdFlags::empty()).unwrap();
    bundle.ok(&["pause", bundle.id()]);
    bundle.ok(&["kill", bundle.id(), "KILL"]);
    ended(&first);
}

fn without_a_pid_namespace_all_ends_every_process(runtime: &Runtime) {
    let mut bundle = runtime.shell("sleep 1000 & sleep 1000 & touch /etc/ready; wait");
    bundle.without_namespace("pid");
    bundle.start();
    bundle.until_there("etc/ready");
    let pids = || knarr_runtime_cases::cgroup_file(bundle.id(), "cgroup.procs");
    until("the shell and its two sleepers", || pids().lines().count() == 3);
    let open = |pid: &str| pidfd_open(Pid::from_raw(pid.parse().unwrap()).unwrap(), PidfdFlags::empty()).unwrap();
    let processes: Vec<_> = pids().lines().map(open).collect();
    bundle.ok(&["kill", "--all", bundle.id(), "KILL"]);
    processes.iter().for_each(ended);
}

fn others_are_not_touched(runtime: &Runtime) {
    let bystander = runtime.sleeper();
    let bundle = runtime.sleeper();
    bundle.end();
    assert_eq!(bystander.status(), "running");
}
