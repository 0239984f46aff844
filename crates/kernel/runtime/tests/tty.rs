//! Terminals.

mod support;

use std::io::{IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use support::Bundle;

fn receive(stream: &UnixStream) -> OwnedFd {
    let mut bytes = [0u8; 64];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    recvmsg(stream, &mut [IoSliceMut::new(&mut bytes)], &mut ancillary, RecvFlags::CMSG_CLOEXEC).unwrap();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(mut fds) = message {
            return fds.next().unwrap();
        }
    }
    panic!("no descriptor came");
}

fn listen(bundle: &Bundle) -> (UnixListener, PathBuf) {
    let path = bundle.path().join("console");
    let _ = std::fs::remove_file(&path);
    (UnixListener::bind(&path).unwrap(), path)
}

/// Reads until `end` was seen, or the terminal was closed.
fn read_until(master: &mut std::fs::File, end: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0u8; 1024];
    while !text.contains(end) {
        match master.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(length) => text += &String::from_utf8_lossy(&buffer[..length]),
        }
    }
    text
}

fn with_terminal(script: &str) -> Bundle {
    let mut bundle = Bundle::shell(script);
    bundle.process().terminal = true;
    bundle.process().console_size = Some(knarr_spec::ConsoleSize { height: 11, width: 22 });
    bundle
}

fn start(bundle: &Bundle) -> std::fs::File {
    let (listener, socket) = listen(bundle);
    let path = bundle.path().to_str().unwrap();
    bundle.background(&["run", "-d", "--bundle", path, "--console-socket", socket.to_str().unwrap(), bundle.id()]);
    std::fs::File::from(receive(&listener.accept().unwrap().0))
}

#[test]
fn the_program_has_a_terminal_of_the_given_size() {
    let bundle = with_terminal("tty; stty size; stat -c %F:%t /dev/console; read line; echo got $line; echo end");
    let mut master = start(&bundle);
    let mut text = read_until(&mut master, "file:88\r\n");
    master.write_all(b"hello\n").unwrap();
    text += &read_until(&mut master, "end\r\n");
    assert!(text.contains("/dev/pts/0\r\n11 22\r\n"), "{text}");
    assert!(text.contains("character special file:88"), "{text}");
    assert!(text.contains("got hello\r\n"), "{text}");
}

#[test]
fn control_c_interrupts_the_foreground() {
    let bundle = with_terminal("trap 'echo interrupted; exit 0' INT; echo ready; while :; do sleep 0.05; done");
    let mut master = start(&bundle);
    read_until(&mut master, "ready\r\n");
    master.write_all(b"\x03").unwrap();
    let text = read_until(&mut master, "interrupted\r\n");
    assert!(text.contains("interrupted"), "{text}");
}

#[test]
fn exec_gets_a_terminal_too() {
    let bundle = Bundle::program(&["/bin/sleep", "1000"]);
    bundle.start();
    let (listener, socket) = listen(&bundle);
    let words =
        ["exec", "-t", "-d", "--console-socket", socket.to_str().unwrap(), bundle.id(), "sh", "-c", "tty; echo end"];
    bundle.background(&words);
    let mut master = std::fs::File::from(receive(&listener.accept().unwrap().0));
    assert!(read_until(&mut master, "end\r\n").contains("/dev/pts/0\r\n"));
}

#[test]
fn links_in_place_of_the_terminals_lead_nowhere() {
    for name in ["console", "ptmx", "pts"] {
        let mut bundle = with_terminal("echo end");
        // The image's own /dev is used, without a fresh tmpfs over it.
        bundle.spec.mounts.retain(|mount| mount.destination != "/dev");
        let target = bundle.path().join("canary");
        std::fs::write(&target, "canary").unwrap();
        symlink(&target, bundle.rootfs().join("dev").join(name)).unwrap();
        let (_listener, socket) = listen(&bundle);
        let path = bundle.path().to_str().unwrap();
        let words = ["run", "-d", "--bundle", path, "--console-socket", socket.to_str().unwrap(), bundle.id()];
        let output = bundle.verb(&words);
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "canary");
        assert!(name == "ptmx" || !output.status.success(), "{name}");
    }
}

#[test]
fn a_terminal_in_the_background_needs_a_socket() {
    let bundle = with_terminal("true");
    let text = bundle.refused(&["run", "--detach", "--bundle", bundle.path().to_str().unwrap(), bundle.id()]);
    assert!(text.contains("--console-socket"), "{text}");
}

#[test]
fn in_the_foreground_the_callers_terminal_is_carried_to_and_fro() {
    let mut bundle = Bundle::shell("tty; stty size; read line; echo got $line; exit 3");
    bundle.process().terminal = true;
    let master = rustix::pty::openpt(rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::NOCTTY).unwrap();
    rustix::pty::grantpt(&master).unwrap();
    rustix::pty::unlockpt(&master).unwrap();
    let size = rustix::termios::Winsize { ws_row: 33, ws_col: 101, ws_xpixel: 0, ws_ypixel: 0 };
    let slave = rustix::pty::ioctl_tiocgptpeer(&master, rustix::pty::OpenptFlags::RDWR).unwrap();
    rustix::termios::tcsetwinsize(&master, size).unwrap();
    let before = rustix::termios::tcgetattr(&slave).unwrap();
    let mut command = bundle.command(&["run", "--bundle", bundle.path().to_str().unwrap(), bundle.id()]);
    command.stdin(slave.try_clone().unwrap()).stdout(slave.try_clone().unwrap());
    let mut run = command.spawn().unwrap();
    drop(command);
    let mut master = std::fs::File::from(master);
    let first = read_until(&mut master, "33 101");
    assert!(first.contains("/dev/pts/0") && first.contains("33 101"), "{first}");
    master.write_all(b"hello\r").unwrap();
    let second = read_until(&mut master, "got hello");
    assert!(second.contains("got hello"), "{second}");
    assert_eq!(run.wait().unwrap().code(), Some(3));
    let after = rustix::termios::tcgetattr(&slave).unwrap();
    assert_eq!(before.local_modes, after.local_modes);
    bundle.assert_nothing_left();
}
