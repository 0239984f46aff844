//! Our folder in a bundle.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rustix::process::Pid;

use crate::{Error, Result};

/// The folder `knarr` of a bundle.
#[derive(Clone, Debug)]
pub struct Place(PathBuf);

impl Place {
    /// Of a bundle.
    pub fn of(bundle: &Path) -> Self {
        Self(bundle.join("knarr"))
    }

    /// The runtime's root.
    pub fn records(&self) -> PathBuf {
        self.0.join("runtime")
    }

    /// The folder of a process, the container's first one without an exec id.
    pub fn process(&self, exec: &str) -> PathBuf {
        match exec {
            "" => self.0.join("init"),
            exec => self.0.join("execs").join(exec),
        }
    }

    /// Makes the folder of a process, empty.
    pub fn make(&self, exec: &str) -> Result<PathBuf> {
        let folder = self.process(exec);
        // An exec id may be used again after its process was deleted.
        let _was_not_there = std::fs::remove_dir_all(&folder);
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|e| Error::io("make", folder.display().to_string(), e))?;
        Ok(folder)
    }

    /// Removes the folder of a process.
    pub fn remove(&self, exec: &str) {
        // What is left goes with the bundle.
        let _gone_already = std::fs::remove_dir_all(self.process(exec));
    }
}

/// The process id that the runtime has written into a folder.
pub fn read_pid(folder: &Path) -> Result<Pid> {
    let path = folder.join("pid");
    let text = std::fs::read_to_string(&path).map_err(|e| Error::io("read", path.display().to_string(), e))?;
    let number = text.trim().parse().ok().and_then(Pid::from_raw);
    number.ok_or_else(|| Error::Decode("the runtime's pid file", format!("{text:?} is no process id")))
}

/// Ids become names of folders and words of command lines: containerd's own rule for them, and no more than a file's
/// name can be long.
pub fn check_id(id: &str) -> Result<()> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    let whole = id.len() <= 255 && id.bytes().all(word) && id.starts_with(|c: char| c.is_ascii_alphanumeric());
    if whole { Ok(()) } else { Err(Error::Invalid(format!("{id:?} is no id"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_never_paths_or_flags() {
        for bad in ["", ".", "..", "a/b", "-a", "a b", "a\n", "\u{e4}", &"x".repeat(256)] {
            assert!(check_id(bad).is_err(), "{bad:?}");
        }
        check_id("web_1.a-b").unwrap();
    }
}
