//! The daemon's unix socket: mode 0660, a stale one replaced, a live one refused.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use knarr_model::accounts;
use rustix::fs::{Gid, Mode};

/// Binds `path`. A socket on which somebody answers is refused; one on which nobody does is left from a daemon that died, and is
/// replaced.
pub fn bind(path: &Path, group: Option<&str>) -> Result<UnixListener> {
    let operation = || format!("cannot listen on {}", path.display());
    if path.symlink_metadata().is_ok() {
        if UnixStream::connect(path).is_ok() {
            bail!(
                "{}: another daemon is listening on {}; give this one a --host of its own",
                operation(),
                path.display()
            );
        }
        std::fs::remove_file(path).with_context(operation)?;
    }
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).with_context(operation)?;
    }
    let before = rustix::process::umask(Mode::from_raw_mode(0o117));
    let listener = UnixListener::bind(path);
    rustix::process::umask(before);
    let listener = listener.with_context(operation)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o660)).with_context(operation)?;
    give_to_group(path, group).with_context(operation)?;
    listener.set_nonblocking(true).with_context(operation)?;
    Ok(listener)
}

/// A group that was asked for must exist; the default group `knarr` may be missing.
fn give_to_group(path: &Path, group: Option<&str>) -> Result<()> {
    let name = group.unwrap_or("knarr");
    match (group_id(name), group) {
        (Some(gid), _) => Ok(rustix::fs::chown(path, None, Some(gid))?),
        (None, None) => Ok(()),
        (None, Some(name)) => bail!("there is no group {name:?}"),
    }
}

fn group_id(name: &str) -> Option<Gid> {
    if let Some(number) = accounts::id(name) {
        return Some(Gid::from_raw(number));
    }
    let groups = std::fs::read_to_string("/etc/group").unwrap_or_default();
    accounts::groups(&groups).find(|group| group.name == name).map(|group| Gid::from_raw(group.gid))
}
