//! Row 5 (CVE-2025-52565): the terminal's places as links and fakes.

use std::fs;
use std::os::unix::fs::symlink;

use knarr_e2e::probe::IMAGE;

use crate::{folder, host};

/// Guard: `console::open` of the runtime refuses a link. Seen to fail without it: the container runs, its terminal over what the link
/// leads to.
#[test]
fn a_console_that_is_a_link_is_refused() {
    let (host, knarr) = host();
    let (dev, dev_text) = folder(&host, "dev");
    let (data, data_text) = folder(&host, "target");
    fs::write(data.join("canary"), "canary").unwrap();
    fs::create_dir(dev.join("pts")).unwrap();
    symlink("/data/canary", dev.join("console")).unwrap();
    let volumes = [format!("{dev_text}:/dev"), format!("{data_text}:/data")];
    let flags = ["-v", &volumes[0], "-v", &volumes[1], "-v", "/dev/pts:/dev/pts"];
    let run = knarr.run(&[&["run", "-d", "-t"], &flags[..], &[IMAGE, "sleep", "1000"]].concat()).unwrap();
    assert!(run.code != 0 && run.stderr.contains("/dev/console is a link"), "{run:?}");
    assert_eq!(fs::read_to_string(data.join("canary")).unwrap(), "canary");
    host.finish().unwrap();
}

/// A container that owns its /dev does with it what it likes; a session's terminal comes from its devpts, or not at all. Guards:
/// `console::pair` of the runtime wants that file system, and in it the multiplexer, not a link. Seen to fail without the first: the second
/// refuses it.
#[test]
fn a_sessions_terminal_is_of_devpts_or_not_at_all() {
    let (host, knarr) = host();
    let fakes = "rm -f /dev/ptmx /dev/tty; echo fake > /canary; ln -s /canary /dev/ptmx; ln -s /canary /dev/tty";
    knarr.ok(&["run", "-d", "--name", "own", "--cap-add", "SYS_ADMIN", IMAGE, "sleep", "1000"]).unwrap();
    let inside = |script: &str| knarr.ok(&["exec", "own", "sh", "-c", script]).unwrap();
    inside(fakes);
    assert_eq!(knarr.ok(&["exec", "-t", "own", "tty"]).unwrap().trim(), "/dev/pts/0");
    inside("mount -t tmpfs none /dev/pts; ln -s /canary /dev/pts/ptmx");
    let session = knarr.run(&["exec", "-t", "own", "tty"]).unwrap();
    assert!(session.code != 0 && session.stdout.contains("/dev/pts is not a devpts file system"), "{session:?}");
    assert_eq!(inside("cat /canary"), "fake");
    host.finish().unwrap();
}
