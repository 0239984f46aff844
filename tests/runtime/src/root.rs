//! A root file system.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Programs of the root's `/bin`.
const APPLETS: &[&str] = &[
    "[",
    "awk",
    "cat",
    "chmod",
    "chown",
    "cp",
    "cut",
    "date",
    "dd",
    "df",
    "dirname",
    "dnsdomainname",
    "echo",
    "env",
    "expr",
    "false",
    "find",
    "grep",
    "head",
    "hostname",
    "id",
    "ionice",
    "ipcrm",
    "ipcs",
    "kill",
    "ls",
    "mkdir",
    "mkfifo",
    "mknod",
    "mount",
    "nice",
    "nproc",
    "printf",
    "ps",
    "pwd",
    "readlink",
    "rm",
    "rmdir",
    "sed",
    "seq",
    "sh",
    "sleep",
    "sort",
    "stat",
    "stty",
    "sync",
    "tail",
    "taskset",
    "test",
    "touch",
    "tr",
    "true",
    "tty",
    "umount",
    "uname",
    "uniq",
    "unshare",
    "wc",
];

const USERS: &str = "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n";

/// A root file system with busybox and a few users.
pub fn make_root(root: &Path) {
    for folder in ["bin", "etc", "proc", "sys", "dev", "tmp", "root", "home/alice"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    // A link, not a copy: hundreds of roots are made. Nothing writes to a program.
    let busybox = root.join("bin/busybox");
    fs::hard_link("/bin/busybox", &busybox).or_else(|_| fs::copy("/bin/busybox", &busybox).map(drop)).unwrap();
    for applet in APPLETS {
        symlink("busybox", root.join("bin").join(applet)).unwrap();
    }
    fs::write(root.join("etc/passwd"), USERS).unwrap();
    fs::write(root.join("etc/data"), "not a program").unwrap();
}
