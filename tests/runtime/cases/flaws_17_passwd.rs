//! Flaw row 17: a user file that never ends (CVE-2025-4437).
//!
//! Guard: `passwd::read` wants a regular file of at most a mebibyte. Seen to fail without it: the run hangs at the pipe.

use std::fs;
use std::os::unix::fs::symlink;

use knarr_runtime_cases::{Runtime, cases};

cases! {
    a_passwd_that_is_no_small_file_is_not_read: ["flaw/17"] Ours("runc 1.1 and Debian's crun read it for ever"),
    a_passwd_that_is_no_text_is_no_failure: ["flaw/17"],
}

fn a_passwd_that_is_no_small_file_is_not_read(runtime: &Runtime) {
    for endless in ["/dev/zero", "/etc/fifo", "/etc/sparse"] {
        let bundle = runtime.shell("echo $HOME");
        let passwd = bundle.rootfs().join("etc/passwd");
        fs::remove_file(&passwd).unwrap();
        symlink(endless, &passwd).unwrap();
        let fifo = bundle.rootfs().join("etc/fifo");
        let mode = rustix::fs::Mode::from_raw_mode(0o644);
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        fs::File::create(bundle.rootfs().join("etc/sparse")).unwrap().set_len(10 << 30).unwrap();
        assert_eq!(bundle.output(), "/\n", "{endless}");
    }
}

fn a_passwd_that_is_no_text_is_no_failure(runtime: &Runtime) {
    let bundle = runtime.shell("echo ran");
    fs::write(bundle.rootfs().join("etc/passwd"), [0, 255, b':', 10, 0xfe, 58, 58, 10]).unwrap();
    assert_eq!(bundle.output(), "ran\n");
}
