//! What a path of a container is: `HEAD /containers/NAME/archive`.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use knarr_api::container::PathStat;
use knarr_model::Result;
use knarr_sys::path::{Node, Root};
use rustix::fs::{FileType, Stat};

use super::path::{self, Wanted};
use super::view::Access;
use crate::images::blocking;
use crate::{Engine, Timestamp};

impl Engine {
    /// What `path` is in a container.
    pub async fn stat_path(self: &Arc<Self>, name: &str, path: &str) -> Result<PathStat> {
        let container = self.containers.find(name)?;
        let (engine, path) = (self.clone(), path.to_owned());
        blocking(move || {
            let wanted = path::parse(&path);
            engine.with_root(&container, Access::Read, |root, record| {
                stat(root, &wanted).map_err(|e| super::fault(e, &path, record))
            })
        })
        .await
    }
}

/// The node that is meant: behind the symlink where the path says so.
pub(super) fn node(root: &Root, wanted: &Wanted) -> io::Result<Node> {
    if !wanted.follow {
        return root.node_nofollow(&wanted.path);
    }
    let node = root.node(&wanted.path)?;
    match FileType::from_raw_mode(node.stat()?.st_mode) {
        FileType::Directory => Ok(node),
        _ => Err(io::ErrorKind::NotADirectory.into()),
    }
}

pub(super) fn stat(root: &Root, wanted: &Wanted) -> io::Result<PathStat> {
    let node = node(root, wanted)?;
    let stat = node.stat()?;
    let link_target = match FileType::from_raw_mode(stat.st_mode) {
        FileType::Symlink => link_target(root, &wanted.path)?,
        _ => String::new(),
    };
    let nanoseconds = u32::try_from(stat.st_mtime_nsec).unwrap_or(0);
    Ok(PathStat {
        name: wanted.name.display().to_string(),
        size: stat.st_size,
        mode: go_mode(&stat),
        mtime: Timestamp::from_unix(stat.st_mtime, nanoseconds).to_string(),
        link_target,
    })
}

/// The absolute path that a symlink leads to inside the root. A dangling one leads to where its text points.
fn link_target(root: &Root, path: &Path) -> io::Result<String> {
    let mut path = path.to_owned();
    // As many links as the kernel follows.
    for _ in 0..40 {
        let target = match root.parent(&path) {
            Ok((dir, name)) => {
                use std::os::fd::AsFd as _;
                knarr_sys::path::Entry::new(dir.as_fd(), name)?.read_link()
            }
            Err(e) => Err(e),
        };
        let Ok(target) = target else { break };
        let joined = path.parent().unwrap_or(Path::new("/")).join(target);
        path = PathBuf::from(knarr_ignore::clean(&joined.to_string_lossy()));
    }
    Ok(path.display().to_string())
}

/// Go's `os.FileMode`.
fn go_mode(stat: &Stat) -> u32 {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => 1 << 31,
        FileType::Symlink => 1 << 27,
        FileType::BlockDevice => 1 << 26,
        FileType::CharacterDevice => 1 << 26 | 1 << 21,
        FileType::Fifo => 1 << 25,
        FileType::Socket => 1 << 24,
        _ => 0,
    };
    let special = [(0o4000, 23), (0o2000, 22), (0o1000, 20)];
    let bits = special.iter().filter(|(bit, _)| stat.st_mode & bit != 0).map(|(_, go)| 1u32 << go).sum::<u32>();
    kind | bits | (stat.st_mode & 0o777)
}
