//! Where a cgroup lies below each hierarchy.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// A checked path below a hierarchy's root: no `..`, no empty part, never the root itself (flaw row 24).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CgroupPath(String);

impl CgroupPath {
    /// Checks `text`; one leading `/` is allowed.
    pub fn parse(text: &str) -> Result<Self> {
        let relative = text.strip_prefix('/').unwrap_or(text);
        let refuse = |why| Err(Error::Path(text.chars().take(200).collect(), why));
        if relative.is_empty() {
            return refuse("it is empty");
        }
        if relative.len() > 4000 {
            return refuse("it is longer than 4000 bytes");
        }
        if relative.chars().any(char::is_control) {
            return refuse("it has a control character");
        }
        for part in relative.split('/') {
            match part {
                "" => return refuse("a part of it is empty"),
                "." | ".." => return refuse("it must not contain . or .."),
                _ if part.len() > 255 => return refuse("a part of it is longer than 255 bytes"),
                _ => {}
            }
        }
        Ok(Self(relative.to_owned()))
    }

    /// Its folder in the hierarchy mounted at `root`.
    pub fn below(&self, root: &Path) -> PathBuf {
        root.join(&self.0)
    }

    /// Its folders in the hierarchy mounted at `root`, outermost first, itself last.
    pub fn chain(&self, root: &Path) -> Vec<PathBuf> {
        let mut folder = root.to_path_buf();
        let parts = self.0.split('/');
        parts
            .map(|part| {
                folder.push(part);
                folder.clone()
            })
            .collect()
    }
}

impl fmt::Display for CgroupPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_its_root() {
        let path = CgroupPath::parse("/knarr/abc").unwrap();
        assert_eq!(path.below(Path::new("/sys/fs/cgroup/pids")), Path::new("/sys/fs/cgroup/pids/knarr/abc"));
        assert_eq!(path.chain(Path::new("/c")), [Path::new("/c/knarr"), Path::new("/c/knarr/abc")]);
        assert_eq!(path.to_string(), "/knarr/abc");
    }

    #[test]
    fn traversal_and_emptiness_are_refused() {
        let long = format!("/{}", "x".repeat(256));
        for bad in ["", "/", "//a", "a//b", "a/", "..", "/a/../b", "a/./b", "/knarr/a\nb", "a\0b", &long] {
            assert!(CgroupPath::parse(bad).is_err(), "{bad:?}");
        }
    }
}
