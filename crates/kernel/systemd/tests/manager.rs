//! The manager's calls, answered by a socket that says what systemd says.

mod fake;

use fake::{job, refusal, removed, reply, serve};
use knarr_systemd::{Error, Manager, Value};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_scope_starts_changes_and_stops() {
    let folder = folder();
    let socket = folder.path().join("private");
    let server = serve(&socket, 1, |name, serial| match name {
        // Told of before and after the answer, and of another's job too.
        "StartTransientUnit" => vec![removed("/job/4", "failed"), job(serial), removed("/job/5", "done")],
        "StopUnit" => vec![removed("/job/5", "done"), job(serial)],
        _ => vec![reply(serial)],
    });
    let mut manager = Manager::open(&socket).unwrap();
    manager.start("some.scope", &[("PIDs", Value::Pids(vec![1])), ("Delegate", Value::Flag(true))]).unwrap();
    manager.set("some.scope", &[("TasksMax", Value::Number(5))]).unwrap();
    manager.stop("some.scope").unwrap();
    drop(manager);
    let calls = server.join().unwrap();
    assert_eq!(calls, ["Subscribe", "StartTransientUnit", "SetUnitProperties", "StopUnit", "ResetFailedUnit"]);
}

#[test]
fn refusals_and_jobs_that_fail_are_told() {
    let folder = folder();
    let socket = folder.path().join("private");
    let server = serve(&socket, 1, |name, serial| match name {
        "StartTransientUnit" => vec![job(serial), removed("/job/5", "canceled")],
        "SetUnitProperties" => vec![refusal(serial, "no such unit")],
        "StopUnit" | "ResetFailedUnit" => vec![refusal(serial, "not loaded")],
        _ => vec![reply(serial)],
    });
    let mut manager = Manager::open(&socket).unwrap();
    let failed = manager.start("some.scope", &[]).unwrap_err();
    assert!(matches!(&failed, Error::Job { result, .. } if result == "canceled"), "{failed}");
    let refused = manager.set("some.scope", &[]).unwrap_err();
    assert!(refused.to_string().contains("no such unit"), "{refused}");
    // What is gone already needs no stopping.
    manager.stop("some.scope").unwrap();
    drop(manager);
    server.join().unwrap();
}
