//! The daemon's two roots: made, closed to others, and held by one daemon at a time.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::{fs::File, io};

use knarr_model::{Fault, Result};
use rustix::fs::{FlockOperation, Mode};

use crate::Config;

/// Folders below the data root (docs/decisions/0001, "Where things lie").
const DATA: [&str; 5] = ["blobs", "ingest", "layers", "containers", "volumes"];
/// Folders below the run root.
const EXEC: [&str; 3] = ["shims", "bundles", "runtime"];

/// Both roots, locked for as long as this lives.
pub(crate) struct Roots {
    data: PathBuf,
    exec: PathBuf,
    _locks: [File; 2],
}

impl Roots {
    /// Makes the folders (0700) and takes an exclusive `flock(2)` on each root. A root that another daemon holds is refused.
    pub(crate) fn open(config: &Config) -> Result<Self> {
        let data = lock_root(&config.data_root, &DATA)?;
        let exec = lock_root(&config.exec_root, &EXEC)?;
        Ok(Self { data: config.data_root.clone(), exec: config.exec_root.clone(), _locks: [data, exec] })
    }

    /// `<data-root>/NAME`.
    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.data.join(name)
    }

    /// `<exec-root>/NAME`.
    pub(crate) fn exec(&self, name: &str) -> PathBuf {
        self.exec.join(name)
    }
}

fn lock_root(root: &Path, folders: &[&str]) -> Result<File> {
    private_dir(root)?;
    let dir = File::open(root).map_err(|e| Fault::io(format!("open {}", root.display()), e))?;
    rustix::fs::flock(&dir, FlockOperation::NonBlockingLockExclusive).map_err(|errno| match errno {
        rustix::io::Errno::WOULDBLOCK => in_use(root),
        other => Fault::io(format!("lock {}", root.display()), other.into()),
    })?;
    for folder in folders {
        private_dir(&root.join(folder))?;
    }
    Ok(dir)
}

fn in_use(root: &Path) -> Fault {
    let root = root.display();
    Fault::conflict(format!(
        "{root} is in use by another knarr daemon; stop it or choose another --data-root and --exec-root"
    ))
}

/// Makes `path` with its parents, and closes it to everybody else whatever it was before.
pub(crate) fn private_dir(path: &Path) -> Result<()> {
    let make = || -> io::Result<()> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        Ok(rustix::fs::chmod(path, Mode::RWXU)?)
    };
    make().map_err(|e| Fault::io(format!("make folder {}", path.display()), e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_root_is_refused_and_closed_to_others() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let config =
            Config { data_root: dir.path().join("data"), exec_root: dir.path().join("run"), ..Config::default() };
        let first = Roots::open(&config).unwrap();
        assert_eq!(std::fs::metadata(first.data("containers")).unwrap().permissions().mode() & 0o777, 0o700);
        let second = Roots::open(&config).err().unwrap();
        assert!(second.message().contains("in use by another knarr daemon"), "{second}");
        for half in [
            Config { data_root: dir.path().join("other"), ..config.clone() },
            Config { exec_root: dir.path().join("other"), ..config.clone() },
        ] {
            assert!(Roots::open(&half).err().unwrap().message().contains("in use by another knarr daemon"));
        }
        drop(first);
        assert!(Roots::open(&config).is_ok());
    }
}
