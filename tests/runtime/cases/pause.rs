//! `pause` and `resume`.

use knarr_runtime_cases::{Runtime, cases, cgroup_folders, until};

cases! {
    a_paused_container_does_nothing_until_resumed: ["cli/pause"],
    the_status_is_paused: ["cli/pause"],
    twice_is_refused: ["cli/pause"] Ours("runc 1.1 and crun take a second one"),
    a_resume_of_what_runs_is_refused: ["cli/pause"],
    a_stopped_container_is_refused: ["cli/pause"],
    an_unknown_container_is_refused: ["cli/pause"],
    every_process_is_paused: ["cli/pause"],
    a_created_container_can_be_paused: ["cli/pause"],
    an_id_is_required: ["cli/pause"],
}

fn a_paused_container_does_nothing_until_resumed(runtime: &Runtime) {
    let bundle = runtime.shell("touch /etc/ready; while :; do test -e /etc/go && touch /etc/went; sleep 0.02; done");
    bundle.start();
    bundle.until_there("etc/ready");
    bundle.ok(&["pause", bundle.id()]);
    // Frozen: also when the processor is given up a thousand times nothing happens.
    bundle.write("rootfs/etc/go", "");
    let stat = format!("/proc/{}/stat", bundle.pid());
    let time = || std::fs::read_to_string(&stat).unwrap().split(' ').skip(13).take(2).map(str::to_owned).collect::<Vec<_>>();
    let before = time();
    (0..1000).for_each(|_| std::thread::yield_now());
    assert_eq!(time(), before);
    assert!(!bundle.rootfs().join("etc/went").exists());
    bundle.ok(&["resume", bundle.id()]);
    bundle.until_there("etc/went");
}

fn the_status_is_paused(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    bundle.ok(&["pause", bundle.id()]);
    assert_eq!(bundle.status(), "paused");
    bundle.ok(&["resume", bundle.id()]);
    assert_eq!(bundle.status(), "running");
}

fn twice_is_refused(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    bundle.ok(&["pause", bundle.id()]);
    bundle.refused(&["pause", bundle.id()]);
    assert_eq!(bundle.status(), "paused");
}

fn a_resume_of_what_runs_is_refused(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    bundle.refused(&["resume", bundle.id()]);
    assert_eq!(bundle.status(), "running");
}

fn a_stopped_container_is_refused(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    bundle.end();
    bundle.refused(&["pause", bundle.id()]);
    bundle.refused(&["resume", bundle.id()]);
}

fn an_unknown_container_is_refused(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/true"]);
    for verb in ["pause", "resume"] {
        let said = bundle.refused(&[verb, "unknown"]);
        assert!(said.contains("does not exist"), "{said}");
    }
}

fn every_process_is_paused(runtime: &Runtime) {
    let bundle = runtime.shell("sleep 1000 & sleep 1000 & touch /etc/ready; wait");
    bundle.start();
    bundle.until_there("etc/ready");
    bundle.ok(&["pause", bundle.id()]);
    // By the controller of version 1, or by version 2's file.
    let frozen = |name: &str, value: &str| {
        let files = cgroup_folders(bundle.id()).into_iter().map(|folder| folder.join(name));
        files.filter_map(|file| std::fs::read_to_string(file).ok()).any(|text| text.contains(value))
    };
    assert!(frozen("freezer.state", "FROZEN") || frozen("cgroup.events", "frozen 1"));
}

fn a_created_container_can_be_paused(runtime: &Runtime) {
    let bundle = runtime.shell("touch /etc/ran; sleep 1000");
    bundle.create();
    bundle.ok(&["pause", bundle.id()]);
    bundle.ok(&["resume", bundle.id()]);
    bundle.ok(&["start", bundle.id()]);
    until("ran", || bundle.rootfs().join("etc/ran").exists());
}

fn an_id_is_required(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/true"]);
    bundle.refused(&["pause"]);
    bundle.refused(&["resume"]);
}
