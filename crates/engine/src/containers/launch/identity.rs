//! Reading the container's own passwd and group, through the one path resolver and with a cap on their size (row 17).

use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use knarr_model::{Fault, Result, Snapshot};
use knarr_sys::path::{Root, read_regular};
use rustix::fs::{Mode, OFlags};

use crate::containers::Record;
use crate::containers::user::{Accounts, Identity, resolve};

/// Bytes of a passwd or group file that are read.
const LIMIT: u64 = 8 << 20;

/// Before the container runs: from its layers, mounted read-only and detached.
pub(super) fn of_snapshot(record: &Record, snapshot: &Snapshot) -> Result<Identity> {
    let accounts = accounts(&Root::from_fd(read_only(snapshot)?))?;
    resolve(&record.config.user, &record.host.group_add, &accounts)
}

/// While it runs: from what its first process sees.
pub(crate) fn of_running(record: &Record, user: &str) -> Result<Identity> {
    let root = PathBuf::from(format!("/proc/{}/root", record.state.pid));
    let root =
        Root::open(&root).map_err(|e| Fault::io(format!("open the root of container {}", record.id.short()), e))?;
    let user = if user.is_empty() { &record.config.user } else { user };
    resolve(user, &record.host.group_add, &accounts(&root)?)
}

/// The numbers of an owner `user[:group]`, by the accounts below `root`. A number alone means the group, too; a name has its own group.
pub(crate) fn owner(root: &Root, owner: &str) -> Result<(u32, u32)> {
    let number = !owner.is_empty() && owner.bytes().all(|byte| byte.is_ascii_digit());
    let whole = if number { format!("{owner}:{owner}") } else { owner.to_owned() };
    let identity = resolve(&whole, &[], &accounts(root)?)?;
    Ok((identity.uid, identity.gid))
}

/// All layers without a writable one: the upper folder of a container that is not running is a layer like the others.
pub(super) fn read_only(snapshot: &Snapshot) -> Result<OwnedFd> {
    let upper = snapshot.upper.iter().map(|(upper, _)| upper.clone());
    let view = Snapshot { lowers: upper.chain(snapshot.lowers.iter().cloned()).collect(), upper: None };
    Ok(knarr_mounts::overlay(&view)?)
}

fn accounts(root: &Root) -> Result<Accounts> {
    Ok(Accounts { passwd: text(root, "/etc/passwd")?, group: text(root, "/etc/group")? })
}

/// The text of a regular file; empty where there is none.
fn text(root: &Root, path: &str) -> Result<String> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let Ok(fd) = root.open_at(Path::new(path), flags, Mode::empty()) else { return Ok(String::new()) };
    let operation = format!("read {path} of the container");
    match read_regular(fd, LIMIT) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::FileTooLarge) => {
            Err(Fault::invalid(format!("cannot {operation}")).because(error))
        }
        Err(error) => Err(Fault::io(operation, error)),
    }
}
