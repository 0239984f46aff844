//! A process with a terminal. This test is also its own runtime: called with `--console-socket` it makes a terminal,
//! sends its master there, and starts the process on the other end.

mod stage;

use std::fs;
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

use knarr_shim_client::{Event, Input, Request, want};
use rustix::fs::{Mode, OFlags};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use stage::{Setup, Stage, until};

/// Instead of a script: no terminal is made.
const HANG_UP: &str = "hang up";

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let value = |name: &str| words.iter().position(|word| word == name).map(|at| words[at + 1].clone());
    match value("--console-socket") {
        Some(socket) => runtime(&socket, &value("--pid-file").unwrap(), words.last().unwrap()),
        None => {
            echo_resize_and_signals();
            println!("test echo_resize_and_signals ... ok");
            the_terminal_ends_with_its_process();
            println!("test the_terminal_ends_with_its_process ... ok");
            a_runtime_that_hangs_up_has_told_why();
            println!("test a_runtime_that_hangs_up_has_told_why ... ok");
        }
    }
}

// The child is reaped by the shim, which is its subreaper.
#[allow(clippy::zombie_processes)]
fn runtime(socket: &str, pid_file: &str, script: &str) {
    if script == HANG_UP {
        drop(UnixStream::connect(socket).unwrap());
        std::process::exit(1);
    }
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = rustix::fs::open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    let connection = UnixStream::connect(socket).unwrap();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let fds = [master.as_fd()];
    assert!(ancillary.push(SendAncillaryMessage::ScmRights(&fds)));
    sendmsg(&connection, &[IoSlice::new(b"/dev/ptmx")], &mut ancillary, SendFlags::empty()).unwrap();
    let copy = |fd: &OwnedFd| fd.try_clone().unwrap();
    let child = Command::new("setsid")
        .args(["--ctty", "sh", "-c", script])
        .stdin(copy(&slave))
        .stdout(copy(&slave))
        .stderr(slave)
        .spawn()
        .unwrap();
    fs::write(pid_file, child.id().to_string()).unwrap();
}

fn new_stage(script: &str) -> Stage {
    let own = std::env::current_exe().unwrap();
    let setup =
        Setup { tty: true, input: Input::Open, runtime: Some((Path::new(&own), Vec::new())), ..Setup::default() };
    Stage::new(script, setup)
}

fn stage(script: &str) -> (Stage, UnixStream) {
    let mut stage = new_stage(script);
    let client = stage.attach(want::STDIN | want::STDOUT);
    stage.say(Request::Hello(want::EVENTS));
    stage.say(Request::Resize { rows: 11, columns: 22 });
    assert_eq!(stage.hear(), Event::Answer(0));
    stage.say(Request::Go);
    assert!(matches!(stage.hear(), Event::Started(_)));
    (stage, client)
}

fn echo_resize_and_signals() {
    let script = "stty size; read line; echo got $line; stty size; trap 'echo winch' WINCH; echo set; while :; do sleep 1000 & wait; done";
    let (mut stage, mut client) = stage(script);
    until(&mut client, "11 22\r\n");
    stage.say(Request::Resize { rows: 33, columns: 44 });
    assert_eq!(stage.hear(), Event::Answer(0));
    std::io::Write::write_all(&mut client, &Request::Stdin(b"word\n").encode()).unwrap();
    let text = until(&mut client, "set\r\n");
    assert!(text.starts_with("word\r\ngot word\r\n33 44\r\n"), "{text:?}");
    stage.say(Request::Resize { rows: 5, columns: 6 });
    assert_eq!(stage.hear(), Event::Answer(0));
    until(&mut client, "winch\r\n");
    std::io::Write::write_all(&mut client, &Request::Stdin(&[3]).encode()).unwrap();
    assert_eq!(stage.hear_exit().signal, 2);
    assert!(stage.logged("stdout").contains("got word\r\n"));
    assert_eq!(stage.shim_code(), Some(0));
}

fn the_terminal_ends_with_its_process() {
    let (mut stage, mut client) = stage("i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i+1)); done; exit 4");
    assert_eq!(stage.hear_exit().code, 4);
    let (out, _, exit) = stage::collect(&mut client);
    let expected: String = (0..2000).map(|i| format!("{i}\r\n")).collect();
    assert_eq!((String::from_utf8(out).unwrap(), exit.code), (expected, 4));
    assert!(!stage.path("run/tty.sock").exists());
}

/// The shim adds nothing to what the runtime says itself, which would be the last word.
fn a_runtime_that_hangs_up_has_told_why() {
    let mut stage = new_stage(HANG_UP);
    stage.say(Request::Hello(want::EVENTS));
    stage.say(Request::Go);
    assert!(matches!(stage.hear(), Event::Failed(_)));
    assert_eq!(fs::read_to_string(stage.path("run/runtime.log")).unwrap_or_default(), "");
}
