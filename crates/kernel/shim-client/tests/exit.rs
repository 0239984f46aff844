//! How it ended: told, and on the disk before.

mod stage;

use std::fs;
use std::io::Read;

use knarr_shim_client::{Event, Input, Request, connect, read_exit, want};
use stage::{Setup, Stage, collect, exit_of, until};

#[test]
fn every_exit_code_is_told_and_recorded() {
    for code in 0..=255 {
        let mut stage = Stage::started(&format!("exit {code}"), Setup::default()).0;
        let exit = stage.hear_exit();
        assert_eq!((exit.code, exit.signal), (code, 0));
        let record = read_exit(&stage.path("exit.json")).unwrap().unwrap();
        assert_eq!((record.start_id.as_str(), record.code, record.signal), ("first", code, 0));
        assert_eq!(stage.shim_code(), Some(0));
        assert!(!stage.path("run/sock").exists());
    }
}

#[test]
fn signals_are_128_and_their_number() {
    for number in [1, 6, 9, 11, 15, 34, 64] {
        let mut stage = Stage::started(&format!("kill -{number} $$; sleep 1000"), Setup::default()).0;
        let exit = stage.hear_exit();
        assert_eq!((exit.code, exit.signal), (128 + number, number as u32));
        assert_eq!(read_exit(&stage.path("exit.json")).unwrap().unwrap().signal, number as u32);
    }
}

#[test]
fn the_record_is_on_the_disk_before_the_process_is_reaped() {
    for _ in 0..50 {
        let (stage, pid) = Stage::started("read line", Setup { input: Input::Open, ..Setup::default() });
        let status = format!("/proc/{pid}/stat");
        let mut client = stage.attach(want::STDIN);
        std::io::Write::write_all(&mut client, &Request::Stdin(b"go\n").encode()).unwrap();
        while fs::metadata(&status).is_ok() {}
        assert!(stage.path("exit.json").exists(), "reaped before it was recorded");
    }
}

#[test]
fn a_runtime_that_fails_leaves_no_record() {
    let mut stage = Stage::new("FAIL7", Setup::default());
    stage.say(Request::Hello(want::EVENTS));
    stage.say(Request::Go);
    assert_eq!(stage.hear(), Event::Failed(7));
    assert_eq!(stage.shim_code(), Some(0));
    assert!(!stage.path("exit.json").exists());
    assert!(fs::read_to_string(stage.path("run/runtime.log")).unwrap().contains("no such thing"));
}

#[test]
fn a_process_that_was_never_let_go_is_never_started() {
    let mut stage = Stage::new("touch ran", Setup::default());
    stage.say(Request::Hello(want::EVENTS));
    stage.shim.stream.shutdown(std::net::Shutdown::Both).unwrap();
    assert_eq!(stage.shim_code(), Some(0));
    assert!(!stage.path("exit.json").exists() && !stage.path("run/sock").exists());
}

#[test]
fn signals_are_sent_to_the_process_or_its_group() {
    let script = "trap 'echo one' USR1; echo ready; while :; do sleep 1000 & wait; done";
    let (mut stage, _) = Stage::started(script, Setup::default());
    let mut client = stage.attach(want::STDOUT | want::STDERR);
    assert_eq!(fs::read_to_string(stage.path("exit.json")).ok(), None);
    while !stage.logged("stdout").contains("ready") {}
    stage.say(Request::Signal { number: 10, whole_group: false });
    assert_eq!(stage.hear(), Event::Answer(0));
    until(&mut client, "one\n");
    stage.say(Request::Signal { number: 200, whole_group: false });
    assert_eq!(stage.hear(), Event::Answer(rustix::io::Errno::INVAL.raw_os_error()));
    stage.say(Request::Signal { number: 9, whole_group: false });
    assert_eq!(stage.hear(), Event::Answer(0));
    assert_eq!(stage.hear_exit().signal, 9);
}

#[test]
fn output_held_open_by_somebody_else_does_not_hold_the_end() {
    let started = std::time::Instant::now();
    let (mut stage, _) = Stage::started("sleep 1000 & echo $!; exit 3", Setup::default());
    let (_, _, exit) = collect(&mut stage.shim.stream);
    assert_eq!(exit.code, 3);
    assert!(started.elapsed() < std::time::Duration::from_secs(10));
    let inner: i32 = stage.logged("stdout").trim().parse().unwrap();
    let inner = rustix::process::pidfd_open(
        rustix::process::Pid::from_raw(inner).unwrap(),
        rustix::process::PidfdFlags::empty(),
    );
    rustix::process::pidfd_send_signal(inner.unwrap(), rustix::process::Signal::KILL).unwrap();
}

#[test]
fn the_daemon_dies_and_comes_back() {
    let (mut stage, pid) =
        Stage::started("read line; echo got $line; exit 9", Setup { input: Input::Open, ..Setup::default() });
    stage.shim.stream.shutdown(std::net::Shutdown::Both).unwrap();
    let mut rest = Vec::new();
    stage.shim.stream.read_to_end(&mut rest).unwrap();
    assert!(fs::metadata(format!("/proc/{pid}")).is_ok(), "the process lives on");
    let mut again = stage.attach(want::STDIN | want::STDOUT | want::EVENTS);
    assert_eq!(knarr_shim_client::read_event(&mut again).unwrap(), Some(Event::Started(pid)));
    std::io::Write::write_all(&mut again, &Request::Stdin(b"it\n").encode()).unwrap();
    let (out, _, exit) = collect(&mut again);
    assert_eq!((out.as_slice(), exit.code), (&b"got it\n"[..], 9));
    assert_eq!(stage.shim_code(), Some(0));
    assert!(connect(&stage.path("run")).is_err());
}

#[test]
fn orphans_of_the_process_are_reaped() {
    let (stage, _) =
        Stage::started("(sleep 0 & exec true) & wait; read line", Setup { input: Input::Open, ..Setup::default() });
    let mut client = stage.attach(want::STDIN);
    std::io::Write::write_all(&mut client, &Request::Stdin(b"\n").encode()).unwrap();
    assert_eq!(exit_of(&mut client).code, 0);
    assert_eq!(stage.shim_code(), Some(0));
}
