//! The container's terminal: a pair of its own devpts, `/dev/console` bound by descriptor, the master handed out over a
//! socket (flaw row 5).

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use knarr_mounts::{Root, attach, clone_tree};
use knarr_spec::ConsoleSize;
use rustix::fs::{Mode, OFlags, fstat, fstatfs, major, minor, openat};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::link::{Failure, OrFail};
use crate::packets::send_with;

/// File system type of devpts (statfs(2)).
const DEVPTS_SUPER_MAGIC: u64 = 0x1cd1;

/// The slave's end.
#[derive(Debug)]
pub struct Terminal(OwnedFd);

/// Opens a new terminal of the devpts that is mounted inside `root`, binds it at `/dev/console` and sends the master.
pub fn open(root: &Root, socket: BorrowedFd<'_>) -> Result<Terminal, Failure> {
    let terminal = pair(root, socket)?;
    let path = Path::new("/dev/console");
    let place = match root.open_without_links(path) {
        Err(error) if error.errno() == Some(Errno::NOENT) => root.make_file(path, Mode::from_raw_mode(0o600))?,
        other => other?,
    };
    if is_link(&place)? {
        return Err(Failure::text("/dev/console is a link"));
    }
    attach(clone_tree(terminal.0.as_fd(), Path::new(""), false)?, place)?;
    Ok(terminal)
}

/// Opens a new terminal without a `/dev/console`: for a joining process.
pub fn pair(root: &Root, socket: BorrowedFd<'_>) -> Result<Terminal, Failure> {
    let devpts = root.open_without_links(Path::new("/dev/pts"))?;
    let kind = fstatfs(&devpts).or_fail("look at /dev/pts")?.f_type;
    if kind as u64 != DEVPTS_SUPER_MAGIC {
        return Err(Failure::text("/dev/pts is not a devpts file system"));
    }
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let master = openat(&devpts, "ptmx", flags, Mode::empty()).or_fail("open /dev/pts/ptmx")?;
    let device = fstat(&master).or_fail("look at /dev/pts/ptmx")?.st_rdev;
    if (major(device), minor(device)) != (5, 2) {
        return Err(Failure::text("/dev/pts/ptmx is not the terminal multiplexer"));
    }
    unlockpt(&master).or_fail("unlock the terminal")?;
    let slave = ioctl_tiocgptpeer(&master, OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
        .or_fail("open the terminal")?;
    // With its name, as runc sends it.
    send_with(socket, b"/dev/pts/ptmx", &[master.as_fd()]).or_fail("send the terminal to the console socket")?;
    Ok(Terminal(slave))
}

fn is_link(file: &OwnedFd) -> Result<bool, Failure> {
    let stat = fstat(file).or_fail("look at /dev/console")?;
    Ok(rustix::fs::FileType::from_raw_mode(stat.st_mode).is_symlink())
}

impl Terminal {
    /// Makes it this session's terminal and standard input, output and error.
    pub fn take(self, size: Option<ConsoleSize>) -> Result<(), Failure> {
        if let Some(size) = size {
            let size = Winsize { ws_row: size.height, ws_col: size.width, ws_xpixel: 0, ws_ypixel: 0 };
            tcsetwinsize(&self.0, size).or_fail("size the terminal")?;
        }
        rustix::process::ioctl_tiocsctty(&self.0).or_fail("take the terminal")?;
        rustix::stdio::dup2_stdin(&self.0).or_fail("set standard input")?;
        rustix::stdio::dup2_stdout(&self.0).or_fail("set standard output")?;
        rustix::stdio::dup2_stderr(&self.0).or_fail("set standard error")
    }
}
