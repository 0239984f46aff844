//! A container's root, opened.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::thread;

use knarr_model::{Fault, Result, Snapshot};
use knarr_mounts::{Attributes, Propagation};
use knarr_sys::path::{Entry, Node, Root};
use rustix::fs::FileType;
use rustix::thread::UnshareFlags;

use crate::Engine;
use crate::containers::{Container, MountRecord, MountSource, Record};

/// What is to be done with a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

impl Engine {
    /// Runs `work` on the root of a container as the container sees it, its volumes included. Waits for the disk.
    pub(super) fn with_root<T: Send>(
        &self,
        container: &Container,
        access: Access,
        work: impl FnOnce(&Root, &Record) -> Result<T> + Send,
    ) -> Result<T> {
        let record = container.view();
        if let Some(root) = running_root(&record)? {
            return work(&root, &record);
        }
        if access == Access::Read && is_plain(&record) {
            let mount = knarr_mounts::overlay(&read_only(&self.snapshot(&record)?))?;
            return work(&Root::from_fd(mount), &record);
        }
        let _alone = container.writable.blocking_lock();
        // It may have been started while another one had its files.
        let record = container.view();
        match running_root(&record)? {
            Some(root) => work(&root, &record),
            None => self.with_writable_root(&record, work),
        }
    }

    /// The same for a container that does not run, with its writable layer: volumes may need places to be made for them.
    fn with_writable_root<T: Send>(
        &self,
        record: &Record,
        work: impl FnOnce(&Root, &Record) -> Result<T> + Send,
    ) -> Result<T> {
        let mount = knarr_mounts::overlay(&self.snapshot(record)?)?;
        if is_plain(record) {
            return work(&Root::from_fd(mount), record);
        }
        let place = self.container_dir(&record.id);
        private_mounts(move || {
            let root = self.assemble(record, mount, &place)?;
            work(&root, record)
        })
    }

    /// Attaches the overlay at `place` and the volumes inside it. Only in a mount namespace of one's own.
    fn assemble(&self, record: &Record, overlay: OwnedFd, place: &Path) -> Result<Root> {
        let below = Root::open(place).map_err(|e| Fault::io(format!("open {}", place.display()), e))?;
        knarr_mounts::attach(&overlay, below.as_fd())?;
        let root = Root::from_fd(overlay);
        for mount in record.mounts.iter() {
            let Some(source) = self.source(mount)? else { continue };
            let source = Root::open_any(&source).map_err(|e| Fault::io(format!("open {}", source.display()), e))?;
            let fail = |e| Fault::io(format!("mount {} in container {}", mount.destination, record.name), e);
            let target = place_for(&root, &source, Path::new(&mount.destination)).map_err(fail)?;
            let bind = knarr_mounts::clone_tree(source.as_fd(), Path::new(""), true)?;
            if mount.read_only {
                knarr_mounts::set_attributes(bind.as_fd(), Attributes::READ_ONLY, true)?;
            }
            knarr_mounts::attach(&bind, &target)?;
        }
        if record.host.readonly_rootfs {
            knarr_mounts::set_attributes(root.as_fd(), Attributes::READ_ONLY, false)?;
        }
        Ok(root)
    }

    /// Where a mount's files are on the host; none for memory.
    fn source(&self, mount: &MountRecord) -> Result<Option<PathBuf>> {
        Ok(match &mount.source {
            MountSource::Bind { path, .. } => Some(PathBuf::from(path)),
            MountSource::Volume { name, subpath, .. } if subpath.is_empty() => {
                Some(self.volumes.path(&self.volumes.get(name)?)?)
            }
            MountSource::Volume { .. } | MountSource::Tmpfs { .. } => None,
        })
    }
}

/// Whether the layers are all that the container sees.
fn is_plain(record: &Record) -> bool {
    record.mounts.is_empty() && !record.host.readonly_rootfs
}

/// The root that a container's first process sees; none where there is none, or it has just ended. The kernel's number may mean another
/// process by now, so what was opened counts only if that process is in the container's cgroup.
fn running_root(record: &Record) -> Result<Option<Root>> {
    if !record.state.status.alive() {
        return Ok(None);
    }
    let process = PathBuf::from(format!("/proc/{}", record.state.pid));
    let root = match Root::open(&process.join("root")) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|e| Fault::io(format!("open the root of container {}", record.name), e))?,
    };
    let groups = std::fs::read_to_string(process.join("cgroup")).unwrap_or_default();
    let own = groups.lines().any(|line| line.split(['/', ':']).any(|part| part == record.id.as_str()));
    Ok(own.then_some(root))
}

/// Where to mount `source`: what is there, else a new folder or file, as at a start.
fn place_for(root: &Root, source: &Node, destination: &Path) -> io::Result<Node> {
    if let Ok(there) = root.node(destination) {
        return Ok(there);
    }
    if FileType::from_raw_mode(source.stat()?.st_mode) == FileType::Directory {
        root.create_dir_all(destination, &mut |_, _| Ok(()))?;
    } else {
        root.create_dir_all(destination.parent().unwrap_or(Path::new("/")), &mut |_, _| Ok(()))?;
        let (dir, name) = root.parent(destination)?;
        Entry::new(dir.as_fd(), name)?.create_file(0o644)?;
    }
    root.node(destination)
}

/// All layers without a writable one: the upper folder of a container that is only looked at is a layer like the others.
pub(super) fn read_only(snapshot: &Snapshot) -> Snapshot {
    let upper = snapshot.upper.iter().map(|(upper, _)| upper.clone());
    Snapshot { lowers: upper.chain(snapshot.lowers.iter().cloned()).collect(), upper: None }
}

/// Runs `work` in a mount namespace that nobody else sees and that ends with it.
fn private_mounts<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let run = || {
        let fail = |e| Fault::io("make a mount namespace", e);
        knarr_sys::namespaces::unshare(UnshareFlags::NEWNS).map_err(fail)?;
        let top = Root::open(Path::new("/")).map_err(fail)?;
        knarr_mounts::set_propagation(top.as_fd(), Propagation::Private, true)?;
        work()
    };
    thread::scope(|scope| {
        let worker = thread::Builder::new().name("files".into()).spawn_scoped(scope, run);
        let worker = worker.map_err(|e| Fault::io("start a thread", e))?;
        worker.join().unwrap_or_else(|_| Err(Fault::internal("the work on a container's files was cut short")))
    })
}
