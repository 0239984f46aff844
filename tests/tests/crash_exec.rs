//! kill -9 of the daemon, of a session's shim, or of both at every step of an exec session's life. Afterwards no process of the session is without a
//! shim, its exit code is exact or, where its shim died before it could write it down, 255; the container runs on and takes further sessions.

use std::time::Duration;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host, failpoints, processes_with, wait_for};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde_json::json;

/// What the session's program ends with.
const CODE: i64 = 7;
/// What is said of an end that nobody saw.
const UNKNOWN: i64 = 255;
/// From these steps of the shim on, the exit code is on the disk.
const RECORDED: [&str; 4] = ["shim.exit-recorded", "shim.reaped", "shim.drained", "shim.told"];

/// A host with one container, whose own shim dies nowhere.
struct Place {
    host: Host,
    id: String,
}

impl Place {
    fn new() -> Self {
        let host = Host::start().unwrap();
        import_busybox(&host.knarr(), "busybox").unwrap();
        let id = host.knarr().ok(&["run", "-d", "--name", "life", "busybox", "sleep", "1000"]).unwrap();
        Self { host, id }
    }

    fn die_at(&mut self, step: &str) {
        self.host.kill_daemon().unwrap();
        self.host.resume_to_die_at(step).unwrap();
    }

    fn come_back(&mut self) {
        self.host.kill_daemon().unwrap();
        self.host.resume().unwrap();
    }

    /// Makes and starts a session; its id, and whether it was started.
    fn session(&self, words: &[&str]) -> (String, bool) {
        let http = self.host.http();
        let asked = json!({ "Cmd": words }).to_string();
        let made = http.send("POST", "/containers/life/exec", &asked).unwrap().json().unwrap();
        let id = made["Id"].as_str().unwrap().to_owned();
        let started = http.send("POST", &format!("/exec/{id}/start"), r#"{"Detach":true}"#);
        (id, started.is_ok_and(|answer| answer.status == 200))
    }

    /// The exit code that `exec inspect` gives, waited for.
    fn code(&self, session: &str) -> i64 {
        let http = self.host.http();
        let mut code = None;
        wait_for("the session ends", Duration::from_secs(20), || {
            code = http.get(&format!("/exec/{session}/json")).unwrap()["ExitCode"].as_i64();
            code.is_some()
        })
        .unwrap();
        code.unwrap()
    }

    /// The shims of sessions.
    fn shims(&self) -> Vec<i32> {
        let folder = self.host.path().join("run/shims");
        let all = processes_with(&["knarr-shim", &folder.to_string_lossy()]);
        let own = processes_with(&["knarr-shim", &folder.join(&self.id).to_string_lossy()]);
        all.into_iter().filter(|pid| !own.contains(pid)).collect()
    }

    /// The container runs, takes a session, and has nothing of the ones before.
    fn goes_on(&self, step: &str) {
        let knarr = self.host.knarr();
        let again = knarr.run(&["exec", "life", "sh", "-c", "exit 3"]).unwrap();
        assert_eq!(again.code, 3, "{step}: {}", again.stderr);
        let alone = || commands(&knarr) == ["sleep 1000"];
        wait_for(&format!("{step}: nothing is left in the container"), Duration::from_secs(10), alone).unwrap();
        let folders = || std::fs::read_dir(self.host.path().join("run/shims")).unwrap().count();
        wait_for(&format!("{step}: nothing is left of sessions"), Duration::from_secs(10), || folders() == 1).unwrap();
        let ended = || self.shims().is_empty();
        wait_for(&format!("{step}: no shim is left"), Duration::from_secs(10), ended).unwrap();
    }
}

/// The processes of the container, by their command lines.
fn commands(knarr: &Client) -> Vec<String> {
    let shown = knarr.ok(&["top", "life", "-eo", "args"]).unwrap();
    shown.lines().skip(1).map(str::to_owned).collect()
}

fn end(pid: i32) {
    let process = pidfd_open(Pid::from_raw(pid).unwrap(), PidfdFlags::empty()).unwrap();
    pidfd_send_signal(&process, Signal::KILL).unwrap();
}

fn of_session(name: &str) -> bool {
    name.starts_with("exec.")
}

#[test]
fn the_daemon_dies_at_every_step_of_a_session() {
    let mut place = Place::new();
    for step in failpoints(of_session) {
        place.die_at(&step);
        let (session, _) = place.session(&["sh", "-c", "exit 7"]);
        assert!(place.host.daemon_dies().unwrap(), "{step} is never reached");
        place.come_back();
        // As in Docker, a session belongs to the daemon that made it.
        let answer = place.host.http().ask("GET", &format!("/exec/{session}/json")).unwrap();
        assert_eq!(answer.status, 404, "{step}");
        place.goes_on(&step);
    }
    place.host.finish().unwrap();
}

#[test]
fn the_shim_of_a_session_dies_at_every_step() {
    let mut place = Place::new();
    for step in failpoints(|name| name.starts_with("shim.")) {
        place.die_at(&step);
        let recorded = RECORDED.contains(&step.as_str());
        let (session, started) = place.session(&["sh", "-c", "exit 7"]);
        match started {
            true => assert_eq!(place.code(&session), if recorded { CODE } else { UNKNOWN }, "{step}"),
            false => assert!(!recorded, "{step}: the start failed"),
        }
        // One that would go on for ever ends with its shim.
        place.session(&["sleep", "2000"]);
        place.shims().into_iter().for_each(end);
        place.come_back();
        place.goes_on(&step);
    }
    place.host.finish().unwrap();
}

#[test]
fn both_die_at_every_step_of_a_session() {
    let mut place = Place::new();
    for step in failpoints(of_session) {
        place.die_at(&step);
        let _it_may_have_died = place.session(&["sleep", "2000"]);
        place.host.kill_daemon().unwrap();
        place.shims().into_iter().for_each(end);
        wait_for("the shims are gone", Duration::from_secs(10), || place.shims().is_empty()).unwrap();
        place.host.resume().unwrap();
        place.goes_on(&step);
    }
    place.host.finish().unwrap();
}

/// The process has its shim, which ends when it does; nobody remembers the session.
#[test]
fn a_session_outlives_its_daemon_and_is_swept_away_when_it_ends() {
    let mut place = Place::new();
    let (session, started) = place.session(&["sleep", "2000"]);
    assert!(started);
    place.come_back();
    assert_eq!(place.host.http().ask("GET", &format!("/exec/{session}/json")).unwrap().status, 404);
    let mut lives = commands(&place.host.knarr());
    lives.sort_unstable();
    assert_eq!(lives, ["sleep 1000", "sleep 2000"]);
    let shown = place.host.knarr().ok(&["top", "life", "-eo", "pid,args"]).unwrap();
    let line = shown.lines().find(|line| line.ends_with("sleep 2000")).unwrap();
    end(line.split_whitespace().next().unwrap().parse().unwrap());
    place.goes_on("the end");
    place.host.finish().unwrap();
}
