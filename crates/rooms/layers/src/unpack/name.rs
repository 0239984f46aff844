//! Names in archives, made safe.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Result};

/// The longest path, in bytes, that is unpacked (PATH_MAX).
const PATH_LIMIT: usize = 4096;

/// The path below the root: no leading `/`, no `.`, and no `..` at all. Empty for the root itself.
pub(super) fn below_root(path: &Path) -> Result<PathBuf> {
    let bytes = path.as_os_str().as_bytes();
    if bytes.is_empty() || bytes.contains(&0) {
        return Err(Error::archive("a member without a valid name"));
    }
    if bytes.len() > PATH_LIMIT {
        return Err(Error::Limit { reason: format!("a name of {} bytes", bytes.len()) });
    }
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => clean.push(name),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                return Err(Error::archive(format!("{} leaves the root", path.display())));
            }
        }
    }
    Ok(clean)
}

/// The parent's path and the last name; none for the root.
pub(super) fn split(path: &Path) -> Option<(&Path, &OsStr)> {
    Some((path.parent()?, path.file_name()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_below_the_root() {
        assert_eq!(below_root(Path::new("/./a//b/")).unwrap(), Path::new("a/b"));
        assert_eq!(below_root(Path::new("./")).unwrap(), Path::new(""));
        for bad in ["", "..", "a/../b", "../a", "/..", "a/.."] {
            assert!(below_root(Path::new(bad)).is_err(), "{bad}");
        }
    }
}
