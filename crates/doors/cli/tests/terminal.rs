//! Sessions on a terminal: raw while they last, as before when they end, however they end.

mod fake;

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};

use fake::{Answer, Fake, frame, ok};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

/// A terminal with a client on it.
struct Terminal {
    /// Our side.
    keyboard: File,
    /// The client's side, kept open so that its mode can be looked at.
    side: OwnedFd,
    client: Child,
}

impl Terminal {
    fn start(fake: &Fake, arguments: &[&str]) -> Self {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        tcsetwinsize(&keyboard, Winsize { ws_row: 30, ws_col: 90, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap().into_string().unwrap();
        let side = File::options().read(true).write(true).open(name).unwrap();
        let copy = || Stdio::from(side.try_clone().unwrap());
        let client = fake.client(arguments).stdin(copy()).stdout(copy()).stderr(copy()).spawn().unwrap();
        Self { keyboard: keyboard.into(), side: side.into(), client }
    }

    fn is_raw(&self) -> bool {
        !tcgetattr(&self.side).unwrap().local_modes.intersects(LocalModes::ICANON | LocalModes::ECHO)
    }

    fn end(&mut self) -> i32 {
        self.client.wait().unwrap().code().unwrap_or(-1)
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.client.id() as i32).unwrap();
        pidfd_send_signal(pidfd_open(pid, PidfdFlags::empty()).unwrap(), signal).unwrap();
    }
}

fn container(attach: Answer) -> Fake {
    Fake::start(&[
        ("POST /containers/create", Answer::Body(201, r#"{"Id":"c0ffee"}"#.into())),
        ("POST /containers/c0ffee/attach", attach),
        ("POST /containers/c0ffee/wait", Answer::After("POST /containers/c0ffee/start", r#"{"StatusCode":4}"#.into())),
        ("POST /containers/c0ffee/", Answer::Body(204, String::new())),
    ])
}

#[test]
fn keys_detach_and_the_mode_is_as_before() {
    let fake = container(Answer::Echo);
    let mut terminal = Terminal::start(&fake, &["run", "-it", "image"]);
    fake.wait_for("POST /containers/c0ffee/resize?h=30&w=90");
    assert!(terminal.is_raw());
    terminal.keyboard.write_all(b"abc\x10\x11").unwrap();
    assert_eq!(terminal.end(), 0);
    assert!(!terminal.is_raw());
}

#[test]
fn output_is_raw_and_the_code_is_the_containers() {
    let fake = container(Answer::Hijack("POST /containers/c0ffee/resize", b"\x1b[1mbold\r\n".to_vec()));
    let mut terminal = Terminal::start(&fake, &["run", "-it", "image"]);
    let mut output = vec![0; 10];
    terminal.keyboard.read_exact(&mut output).unwrap();
    assert_eq!(output, b"\x1b[1mbold\r\n");
    assert_eq!(terminal.end(), 4);
    assert!(!terminal.is_raw());
}

#[test]
fn a_new_size_is_told() {
    let fake = container(Answer::Hijack("POST /containers/c0ffee/resize?h=40&w=100", Vec::new()));
    let mut terminal = Terminal::start(&fake, &["run", "-it", "image"]);
    fake.wait_for("POST /containers/c0ffee/resize?h=30&w=90");
    tcsetwinsize(&terminal.keyboard, Winsize { ws_row: 40, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    // The kernel tells the foreground group of a session's own terminal; here nobody has made it one.
    terminal.signal(Signal::WINCH);
    assert_eq!(terminal.end(), 4);
}

#[test]
fn a_signal_that_ends_us_leaves_the_mode_as_before() {
    let fake = Fake::start(&[
        ("POST /containers/web/exec", Answer::Body(201, r#"{"Id":"e1"}"#.into())),
        ("POST /exec/e1/start", Answer::Hijack("never", frame(1, b""))),
        ("POST /exec/e1/resize", ok("")),
    ]);
    let mut terminal = Terminal::start(&fake, &["exec", "-it", "web", "sh"]);
    fake.wait_for("POST /exec/e1/resize");
    assert!(terminal.is_raw());
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.end(), 143);
    assert!(!terminal.is_raw());
}

#[test]
fn control_characters_of_others_are_made_visible() {
    let fake = Fake::start(&[("GET /volumes", ok(r#"{"Volumes":[{"Name":"a\u001b[2Jb","Driver":"local"}]}"#))]);
    let mut terminal = Terminal::start(&fake, &["volume", "ls", "-q"]);
    assert_eq!(terminal.end(), 0);
    let mut output = vec![0; 64];
    let length = terminal.keyboard.read(&mut output).unwrap();
    assert_eq!(&output[..length], b"a\\u{1b}[2Jb\r\n");
}
