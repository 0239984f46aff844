//! Terminals: of the first process and of `exec`.

use knarr_runtime_cases::{Bundle, Console, Runtime, cases};
use serde_json::json;

cases! {
    the_program_has_a_terminal: ["config/terminal"],
    it_has_the_given_size: ["config/console-size"],
    console_is_the_terminal: ["linux/default-devices", "config/terminal"],
    what_is_typed_arrives: ["config/terminal"],
    control_c_interrupts_the_foreground: ["config/terminal"],
    it_is_the_sessions_own: ["config/terminal"],
    the_size_is_ignored_without_a_terminal: ["config/console-size"],
    create_hands_it_out: ["cli/console-socket"],
    exec_gets_one_too: ["cli/console-socket", "cli/exec"],
    a_user_owns_its_terminal: ["config/terminal"],
    a_detached_one_without_a_socket_is_refused: ["cli/console-socket"],
    a_socket_without_a_terminal_is_refused: ["cli/console-socket"],
    a_socket_that_is_not_there_is_refused: ["cli/console-socket"],
    it_ends_with_the_program: ["config/terminal"],
    in_the_foreground_the_callers_is_carried_to_and_fro: ["config/terminal", "cli/run"],
    in_the_foreground_the_size_is_there_first: ["config/terminal", "cli/run"] Ours("others size it while the program runs already"),
}

fn with_terminal<'r>(runtime: &'r Runtime, script: &str) -> Bundle<'r> {
    let mut bundle = runtime.shell(script);
    bundle.set("/process/terminal", true);
    bundle.set("/process/consoleSize", json!({ "height": 11, "width": 22 }));
    bundle
}

fn start(bundle: &Bundle<'_>) -> Console {
    let console = Console::listen(bundle.path());
    bundle.ok(&["run", "--detach", "--bundle", bundle.word(), "--console-socket", console.path(), bundle.id()]);
    console
}

fn said(runtime: &Runtime, script: &str) -> String {
    let bundle = with_terminal(runtime, &format!("{script}; echo end; read line"));
    start(&bundle).read_until("end\r\n")
}

fn the_program_has_a_terminal(runtime: &Runtime) {
    let text = said(runtime, "tty; test -t 0 && test -t 1 && test -t 2 && echo all");
    assert!(text.contains("/dev/pts/0\r\nall\r\n"), "{text}");
}

fn it_has_the_given_size(runtime: &Runtime) {
    let text = said(runtime, "stty size");
    assert!(text.contains("11 22\r\n"), "{text}");
}

fn console_is_the_terminal(runtime: &Runtime) {
    let text = said(runtime, "stat -c %F:%t /dev/console; echo through > /dev/console");
    assert!(text.contains("character special file:88\r\nthrough\r\n"), "{text}");
}

fn what_is_typed_arrives(runtime: &Runtime) {
    let bundle = with_terminal(runtime, "echo ready; read line; echo got $line; echo end; read line");
    let mut console = start(&bundle);
    console.read_until("ready\r\n");
    console.write("hello\n");
    let text = console.read_until("end\r\n");
    assert!(text.contains("got hello\r\n"), "{text}");
}

fn control_c_interrupts_the_foreground(runtime: &Runtime) {
    let bundle = with_terminal(runtime, "trap 'echo interrupted; exit 0' INT; echo ready; while :; do sleep 0.05; done");
    let mut console = start(&bundle);
    console.read_until("ready\r\n");
    console.write("\x03");
    let text = console.read_until("interrupted\r\n");
    assert!(text.contains("interrupted"), "{text}");
}

fn it_is_the_sessions_own(runtime: &Runtime) {
    let text = said(runtime, ": < /dev/tty && echo mine");
    assert!(text.contains("mine\r\n"), "{text}");
}

fn the_size_is_ignored_without_a_terminal(runtime: &Runtime) {
    let mut bundle = runtime.shell("test -t 0 || echo none");
    bundle.set("/process/consoleSize", json!({ "height": 11, "width": 22 }));
    assert_eq!(bundle.output(), "none\n");
}

fn create_hands_it_out(runtime: &Runtime) {
    let bundle = with_terminal(runtime, "tty; echo end; read line");
    let mut console = Console::listen(bundle.path());
    bundle.ok(&["create", "--bundle", bundle.word(), "--console-socket", console.path(), bundle.id()]);
    console.terminal();
    bundle.ok(&["start", bundle.id()]);
    let text = console.read_until("end\r\n");
    assert!(text.contains("/dev/pts/0\r\n"), "{text}");
}

fn exec_gets_one_too(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    let mut console = Console::listen(bundle.path());
    let words = ["exec", "--tty", "--detach", "--console-socket", console.path(), bundle.id(), "sh", "-c", "tty; echo end; read line"];
    bundle.ok(&words);
    let text = console.read_until("end\r\n");
    assert!(text.contains("/dev/pts/0\r\n"), "{text}");
}

fn a_user_owns_its_terminal(runtime: &Runtime) {
    let mut bundle = with_terminal(runtime, "stat -c %u /dev/pts/0; echo end; read line");
    bundle.set("/process/user/uid", 1000);
    let text = start(&bundle).read_until("end\r\n");
    assert!(text.contains("1000\r\n"), "{text}");
}

fn a_detached_one_without_a_socket_is_refused(runtime: &Runtime) {
    let bundle = with_terminal(runtime, "true");
    bundle.refused(&["run", "--detach", "--bundle", bundle.word(), bundle.id()]);
    bundle.refused(&["create", "--bundle", bundle.word(), bundle.id()]);
    bundle.assert_nothing_left();
}

fn a_socket_without_a_terminal_is_refused(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/true"]);
    let console = Console::listen(bundle.path());
    bundle.refused(&["create", "--bundle", bundle.word(), "--console-socket", console.path(), bundle.id()]);
    bundle.assert_nothing_left();
}

fn a_socket_that_is_not_there_is_refused(runtime: &Runtime) {
    let bundle = with_terminal(runtime, "true");
    let nowhere = bundle.file("no-such-socket");
    bundle.refused(&["create", "--bundle", bundle.word(), "--console-socket", &nowhere, bundle.id()]);
    bundle.assert_nothing_left();
}

fn it_ends_with_the_program(runtime: &Runtime) {
    let bundle = with_terminal(runtime, "echo last; exit 0");
    let text = start(&bundle).read_until("never");
    assert!(text.contains("last\r\n"), "{text}");
}

/// The words of a foreground `run` on a terminal of our own, of 33 rows and 101 columns; the terminal's two ends.
fn in_the_foreground(bundle: &Bundle<'_>) -> (std::process::Child, Console, std::os::fd::OwnedFd) {
    use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&master).and_then(|()| unlockpt(&master)).unwrap();
    let slave = ioctl_tiocgptpeer(&master, OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    let size = rustix::termios::Winsize { ws_row: 33, ws_col: 101, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(&master, size).unwrap();
    let copy = || slave.try_clone().unwrap();
    let mut command = bundle.command(&["run", "--bundle", bundle.word(), bundle.id()]);
    let run = command.stdin(copy()).stdout(copy()).stderr(copy()).spawn().unwrap();
    (run, Console::of(master.into()), slave)
}

fn in_the_foreground_the_callers_is_carried_to_and_fro(runtime: &Runtime) {
    let script = "tty; until [ \"$(stty size)\" = '33 101' ]; do sleep 0.05; done; echo sized; read line; echo got $line; exit 3";
    let mut bundle = runtime.shell(script);
    bundle.set("/process/terminal", true);
    let (mut run, mut console, slave) = in_the_foreground(&bundle);
    let first = console.read_until("sized");
    assert!(first.contains("/dev/pts/0") && first.contains("sized"), "{first}");
    console.write("hello\r");
    let second = console.read_until("got hello");
    assert!(second.contains("got hello"), "{second}");
    assert_eq!(run.wait().unwrap().code(), Some(3));
    let modes = rustix::termios::tcgetattr(&slave).unwrap().local_modes;
    assert!(modes.contains(rustix::termios::LocalModes::ECHO), "the caller's terminal is still raw");
}

fn in_the_foreground_the_size_is_there_first(runtime: &Runtime) {
    let mut bundle = runtime.shell("stty size; read line");
    bundle.set("/process/terminal", true);
    let (mut run, mut console, _slave) = in_the_foreground(&bundle);
    let text = console.read_until("\r\n");
    assert_eq!(text, "33 101\r\n");
    console.write("\r");
    run.wait().unwrap();
}
