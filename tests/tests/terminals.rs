//! Both command lines on a terminal: raw sessions, sizes, keys that detach, signals, progress, control bytes.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host, Registry};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// A program on a terminal of its own.
struct Terminal {
    keyboard: File,
    child: Child,
    /// What was on the screen so far.
    seen: String,
}

impl Terminal {
    fn start(client: &Client, words: &[&str]) -> Self {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        resize(&keyboard, 30, 90);
        let name = ptsname(&keyboard, Vec::new()).unwrap().into_string().unwrap();
        let side = File::options().read(true).write(true).open(name).unwrap();
        let copy = || Stdio::from(side.try_clone().unwrap());
        // A session whose terminal this is, so that the kernel tells it about new sizes.
        let inner = client.command(words);
        let mut command = Command::new("setsid");
        command.args(["--ctty", "--wait"]).arg(inner.get_program()).args(inner.get_args());
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let child = command.stdin(copy()).stdout(copy()).stderr(copy()).spawn().unwrap();
        Self { keyboard: keyboard.into(), child, seen: String::new() }
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Reads until the screen has shown this, and goes behind it.
    fn shows(&mut self, text: &str) {
        self.shows_sooner_or_later(text, |_| {});
    }

    /// The same; whenever nothing has come for a second, `meanwhile` is done once more.
    fn shows_sooner_or_later(&mut self, text: &str, meanwhile: impl Fn(&Self)) {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            meanwhile(self);
            if let Some(at) = self.seen.find(text) {
                self.seen.drain(..at + text.len());
                return;
            }
            assert!(Instant::now() < deadline && self.more(), "{text:?} did not come; the screen is {:?}", self.seen);
        }
    }

    /// Reads more, if more comes before the end.
    fn more(&mut self) -> bool {
        let mut wait = [PollFd::from_borrowed_fd(self.keyboard.as_fd(), PollFlags::IN)];
        poll(&mut wait, Some(&Timespec { tv_sec: 1, tv_nsec: 0 })).unwrap();
        if !wait[0].revents().contains(PollFlags::IN) {
            return self.child.try_wait().unwrap().is_none();
        }
        let mut buffer = [0; 4096];
        let length = self.keyboard.read(&mut buffer).unwrap_or(0);
        self.seen.push_str(&String::from_utf8_lossy(&buffer[..length]));
        length > 0
    }

    /// Waits for the end; everything it has shown since, and its exit code.
    fn end(mut self) -> (String, i32) {
        while self.more() {}
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        while self.more() {}
        (self.seen, code)
    }
}

fn resize(keyboard: impl AsFd, rows: u16, columns: u16) {
    tcsetwinsize(keyboard, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
}

fn host() -> Host {
    let host = Host::start().unwrap();
    import_busybox(&host.knarr(), "busybox").unwrap();
    host
}

#[test]
fn a_shell_has_the_terminals_size_and_its_own_exit_code() {
    let host = host();
    host.knarr().ok(&["run", "-d", "--name", "web", "busybox", "sleep", "1000"]).unwrap();
    for client in [host.docker(), host.knarr()] {
        for words in [&["run", "--rm", "-it", "busybox", "sh"][..], &["exec", "-it", "web", "sh"]] {
            let mut terminal = Terminal::start(&client, words);
            terminal.shows("# ");
            terminal.press("while [ \"$(stty size)\" != '30 90' ]; do sleep 0.05; done; echo si''zed\n");
            terminal.shows("sized");
            terminal.press("while [ \"$(stty size)\" != '40 100' ]; do sleep 0.05; done; echo gr''own\n");
            // Docker's client tells the first size before it listens for new ones: a change in between is lost on it.
            terminal.shows_sooner_or_later("grown", |terminal| {
                resize(&terminal.keyboard, 40, 99);
                resize(&terminal.keyboard, 40, 100);
            });
            terminal.press("exit 3\n");
            let (seen, code) = terminal.end();
            assert_eq!(code, 3, "{} {words:?}: {seen}", client.name());
        }
    }
    host.finish().unwrap();
}

#[test]
fn keys_detach_and_the_container_runs_on() {
    let host = host();
    for client in [host.docker(), host.knarr()] {
        let name = client.name();
        let is_running = || client.ok(&["inspect", "-f", "{{.State.Running}}", &name]).unwrap() == "true";
        let mut terminal = Terminal::start(&client, &["run", "-it", "--name", &name, "busybox", "sh"]);
        terminal.shows("# ");
        terminal.press("\x10\x11");
        assert_eq!(terminal.end().1, 0, "{name}");
        assert!(is_running());
        let mut terminal = Terminal::start(&client, &["attach", "--detach-keys", "ctrl-a,x", &name]);
        terminal.press("echo he''re\n");
        terminal.shows("here");
        terminal.press("\x01x");
        let (seen, code) = terminal.end();
        assert!(code == 1 && seen.contains("read escape sequence"), "{name}: {code} {seen}");
        assert!(is_running());
        let mut terminal = Terminal::start(&client, &["attach", &name]);
        terminal.press("exit 7\n");
        assert_eq!(terminal.end().1, 7, "{name}");
        let mut terminal = Terminal::start(&client, &["start", "-ai", &name]);
        terminal.shows("# ");
        terminal.press("exit 8\n");
        assert_eq!(terminal.end().1, 8, "{name}");
    }
    host.finish().unwrap();
}

#[test]
fn several_terminals_share_a_container() {
    let host = host();
    host.knarr().ok(&["run", "-dit", "--name", "shared", "busybox", "sh"]).unwrap();
    let mut first = Terminal::start(&host.knarr(), &["attach", "shared"]);
    let mut second = Terminal::start(&host.docker(), &["attach", "shared"]);
    first.press("while [ \"$(stty size)\" != '30 90' ]; do sleep 0.05; done; echo fr''om one\n");
    first.shows("from one");
    second.press("echo fr''om two\n");
    for terminal in [&mut first, &mut second] {
        terminal.shows("from two");
    }
    resize(&second.keyboard, 41, 101);
    first.press("while [ \"$(stty size)\" != '41 101' ]; do sleep 0.05; done; echo gr''own\n");
    for terminal in [&mut first, &mut second] {
        terminal.shows("grown");
    }
    first.press("\x10\x11");
    first.end();
    let mut late = Terminal::start(&host.knarr(), &["attach", "shared"]);
    late.press("echo fr''om late\n");
    for terminal in [&mut second, &mut late] {
        terminal.shows("from late");
    }
    second.press("exit 6\n");
    for terminal in [second, late] {
        assert_eq!(terminal.end().1, 6);
    }
    host.finish().unwrap();
}

#[test]
fn signals_go_to_the_process() {
    let host = host();
    let script = "trap 'exit 9' TERM; trap 'exit 10' INT; trap 'echo hup' HUP; echo up; while :; do sleep 0.05; done";
    for client in [host.docker(), host.knarr()] {
        for (signal, code) in [(Signal::TERM, 9), (Signal::INT, 10)] {
            let mut command = client.command(&["run", "--rm", "busybox", "sh", "-c", script]);
            let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
            let mut output = child.stdout.take().unwrap();
            let pidfd = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).unwrap();
            let mut line = [0; 3];
            output.read_exact(&mut line).unwrap();
            pidfd_send_signal(&pidfd, Signal::HUP).unwrap();
            let mut line = [0; 4];
            output.read_exact(&mut line).unwrap();
            assert_eq!(&line, b"hup\n", "{}", client.name());
            pidfd_send_signal(&pidfd, signal).unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(code), "{}", client.name());
        }
    }
    host.finish().unwrap();
}

#[test]
fn progress_is_drawn_on_a_terminal_and_told_in_lines_elsewhere() {
    let host = host();
    let registry = Registry::start().unwrap();
    let image = registry.image("busybox");
    let knarr = host.knarr();
    knarr.ok(&["tag", "busybox", &image]).unwrap();
    let plain = knarr.run(&["push", &image]).unwrap();
    assert!(plain.code == 0 && !plain.stdout.contains('\x1b'), "{}", plain.stdout);
    knarr.ok(&["rmi", "busybox", &image]).unwrap();
    let (seen, code) = Terminal::start(&knarr, &["pull", &image]).end();
    assert!(code == 0 && seen.contains('\x1b') && seen.contains("Pull complete"), "{seen:?}");
    knarr.ok(&["rmi", &image]).unwrap();
    let plain = knarr.run(&["pull", &image]).unwrap();
    assert!(!plain.stdout.contains('\x1b') && plain.stdout.contains("Pull complete\n"), "{}", plain.stdout);
    host.finish().unwrap();
}

#[test]
fn control_bytes_of_others_do_not_reach_the_terminal() {
    let host = host();
    let knarr = host.knarr();
    let label = "evil=\x1b]0;owned\x07\x1b[2J";
    knarr.ok(&["create", "--name", "evil", "--label", label, "busybox", "echo", "\x1b[31m"]).unwrap();
    for words in [
        &["ps", "-a", "--no-trunc"][..],
        &["ps", "-a", "--format", "{{.Labels}}"],
        &["ps", "-a", "--format", "table {{.Names}}\\t{{.Labels}}"],
        &["inspect", "evil"],
        &["inspect", "-f", "{{.Config.Labels}} {{.Args}}", "evil"],
        &["events", "--since", "10m", "--until", "0s"],
        &["rm", "no\x1b[2Jbody"],
    ] {
        let (seen, _) = Terminal::start(&knarr, words).end();
        assert!(!seen.contains('\x1b') && !seen.contains('\x07'), "{words:?}: {seen:?}");
    }
    let piped = knarr.ok(&["ps", "-a", "--format", "{{.Labels}}"]).unwrap();
    assert_eq!(piped, label, "what is piped is not changed");
    host.finish().unwrap();
}
