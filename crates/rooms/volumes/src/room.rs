//! The room: volumes are made, found, filled and removed.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use knarr_model::valid_name;
use knarr_store::Store;
use knarr_sys::path::{Entry, Root, disk_usage};
use rustix::fs::{Mode, OFlags};

use crate::copy::copy_tree;
use crate::{NewVolume, Volume, VolumeError};

/// The table of volumes: name → [`Volume`].
const TABLE: &str = "volumes";
/// The folder that containers see.
const DATA: &str = "_data";
/// Marks a volume whose filling was begun and not ended.
const FILLING: &str = "filling";

type Result<T> = std::result::Result<T, VolumeError>;

/// The volume room.
pub struct Volumes {
    root: PathBuf,
    store: Arc<Store>,
    /// Held while volumes are made, filled or removed.
    change: Mutex<()>,
}

impl Volumes {
    /// Opens the room on its folder, which exists, and removes folders without a record.
    pub fn open(root: &Path, store: Arc<Store>) -> Result<Self> {
        let volumes = Self { root: root.to_owned(), store, change: Mutex::default() };
        let known: BTreeSet<String> = volumes.list()?.into_iter().map(|volume| volume.name).collect();
        for entry in fs::read_dir(root).map_err(VolumeError::disk("list", root))? {
            let name = entry.map_err(VolumeError::disk("list", root))?.file_name();
            match name.to_str().filter(|name| valid_name(name)) {
                Some(name) if known.contains(name) => {}
                // Known again: only what is remembered may be older than it.
                Some(name) if volumes.store.restored().is_some() => volumes.adopt(name)?,
                _ => volumes.remove_folder(Path::new(&name))?,
            }
        }
        Ok(volumes)
    }

    /// Remembers the volume that a folder is.
    fn adopt(&self, name: &str) -> Result<()> {
        let anonymous = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let volume = NewVolume { name: name.to_owned(), anonymous, ..NewVolume::default() }.plan()?;
        self.store.write::<_, VolumeError>(|tx| Ok(tx.put(TABLE, &volume.name, &volume)?))
    }

    /// Makes a volume, and says so; one that exists with the same options is returned as it is.
    pub fn create(&self, new: NewVolume) -> Result<(Volume, bool)> {
        let volume = new.plan()?;
        let _guard = self.guard();
        match self.get(&volume.name) {
            Ok(known) if known.options == volume.options || volume.options.is_empty() => return Ok((known, false)),
            Ok(known) => return Err(VolumeError::Differs(known.name)),
            Err(VolumeError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
        let folder = self.root.join(&volume.name);
        make_folder(&folder, 0o700)?;
        make_folder(&folder.join(DATA), 0o755)?;
        knarr_store::files::sync_dir(&self.root).map_err(VolumeError::disk("sync", &self.root))?;
        self.store.write::<_, VolumeError>(|tx| Ok(tx.put(TABLE, &volume.name, &volume)?))?;
        Ok((volume, true))
    }

    /// All volumes, by name.
    pub fn list(&self) -> Result<Vec<Volume>> {
        let all: Vec<(String, Volume)> = self.store.read::<_, VolumeError>(|tx| Ok(tx.list(TABLE)?))?;
        Ok(all.into_iter().map(|(_, volume)| volume).collect())
    }

    /// The volume of this name.
    pub fn get(&self, name: &str) -> Result<Volume> {
        let found: Option<Volume> = self.store.read::<_, VolumeError>(|tx| Ok(tx.get(TABLE, name)?))?;
        found.ok_or_else(|| VolumeError::NotFound(name.chars().take(255).collect()))
    }

    /// Where a volume's files lie on the host: its own folder, or the one of which it is a view.
    pub fn path(&self, volume: &Volume) -> Result<PathBuf> {
        Ok(volume.bound_folder()?.unwrap_or_else(|| self.mountpoint(&volume.name)))
    }

    /// The folder that Docker calls the mount point.
    pub fn mountpoint(&self, name: &str) -> PathBuf {
        self.root.join(name).join(DATA)
    }

    /// Fills a volume that is empty with what `image` (a view of the container's root file system) has at `path`; nothing
    /// happens where that is no folder. A filling that was cut off is done again.
    pub fn fill(&self, volume: &Volume, image: &Root, path: &Path) -> Result<()> {
        if volume.bound_folder()?.is_some() {
            return Ok(());
        }
        let source = match image.open_dir(path) {
            Ok(source) => source,
            Err(error) if is_no_folder(&error) => return Ok(()),
            Err(error) => return Err(VolumeError::disk("open the image's", path)(error)),
        };
        let _guard = self.guard();
        let target = self.mountpoint(&volume.name);
        let mark = self.root.join(&volume.name).join(FILLING);
        let root = Root::open(&target).map_err(VolumeError::disk("open", &target))?;
        let folder = root.open_dir(Path::new("")).map_err(VolumeError::disk("open", &target))?;
        let begun = mark.exists();
        let names = Entry::list(&folder).map_err(VolumeError::disk("list", &target))?;
        if begun {
            let remove = |name| Entry::new(folder.as_fd(), name)?.remove_tree();
            names.iter().try_for_each(|name| remove(name)).map_err(VolumeError::disk("empty", &target))?;
        } else if !names.is_empty() {
            return Ok(());
        }
        File::create(&mark).map_err(VolumeError::disk("make", &mark))?;
        copy_tree(source, folder).map_err(VolumeError::disk("fill", &target))?;
        fs::remove_file(&mark).map_err(VolumeError::disk("remove", &mark))
    }

    /// Opens a folder of a volume by its path below the volume's root, for mounts of a part; never outside of it.
    pub fn open_below(&self, volume: &Volume, path: &Path) -> Result<std::os::fd::OwnedFd> {
        let root = self.path(volume)?;
        let opened = Root::open(&root).and_then(|root| root.open_at(path, OFlags::PATH, Mode::empty()));
        opened.map_err(VolumeError::disk("open", root.join(path)))
    }

    /// Removes a volume that no container uses; `users` are those that do.
    pub fn remove(&self, name: &str, users: &[String]) -> Result<()> {
        let _guard = self.guard();
        let volume = self.get(name)?;
        if !users.is_empty() {
            return Err(VolumeError::InUse { name: volume.name, users: users.to_vec() });
        }
        self.store.write::<_, VolumeError>(|tx| Ok(tx.delete(TABLE, name)?))?;
        self.remove_folder(Path::new(name))
    }

    /// How many bytes a volume takes on the disk, as `du` counts them. Folders of the host are not counted.
    pub fn size(&self, volume: &Volume) -> Result<u64> {
        if volume.bound_folder()?.is_some() {
            return Ok(0);
        }
        let path = self.root.join(&volume.name);
        disk_usage(&path).map_err(VolumeError::disk("measure", path))
    }

    fn remove_folder(&self, name: &Path) -> Result<()> {
        let path = self.root.join(name);
        let root = Root::open(&self.root).map_err(VolumeError::disk("open", &self.root))?;
        let removed = Entry::new(root.as_fd(), name.as_os_str()).and_then(|entry| entry.remove_tree());
        removed.map_err(VolumeError::disk("remove", path))
    }

    fn guard(&self) -> MutexGuard<'_, ()> {
        self.change.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes a folder; one that a crash left is taken.
fn make_folder(path: &Path, mode: u32) -> Result<()> {
    match fs::DirBuilder::new().mode(mode).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(VolumeError::disk("make", path)(error)),
        _ => rustix::fs::chmod(path, Mode::from_raw_mode(mode)).map_err(VolumeError::disk("open up", path)),
    }
}

fn is_no_folder(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        || error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}
