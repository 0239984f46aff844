//! What overlayfs understands (kernel: filesystems/overlayfs, "whiteouts and opaque directories"), and what an image's
//! layers say instead (image-spec layer.md, "Whiteouts").

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;

use knarr_sys::path::{Entry, Node};
use rustix::fs::{FileType, Stat};

/// Marks a folder that hides the lower one of its name.
const OPAQUE: &str = "trusted.overlay.opaque";

/// What a name in an image layer means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning<'a> {
    /// A file of that name.
    Ordinary,
    /// The lower file of this name is gone.
    Whiteout(&'a OsStr),
    /// All lower files in this folder are gone.
    Opaque,
    /// A note of another storage driver.
    Ignored,
    /// A whiteout of nothing, of the folder itself or of its parent.
    Hostile,
}

/// Reads a last name.
pub(super) fn meaning(name: &OsStr) -> Meaning<'_> {
    match name.as_bytes() {
        b".wh..wh..opq" => Meaning::Opaque,
        bytes => match bytes.strip_prefix(b".wh.") {
            None => Meaning::Ordinary,
            Some(b"" | b"." | b"..") => Meaning::Hostile,
            Some(rest) if rest.starts_with(b".wh.") => Meaning::Ignored,
            Some(rest) => Meaning::Whiteout(OsStr::from_bytes(rest)),
        },
    }
}

/// Whether an extended attribute would steer overlayfs.
pub(crate) fn is_overlay_xattr(name: &OsStr) -> bool {
    let name = name.as_bytes();
    name.starts_with(b"trusted.overlay.") || name.starts_with(b"user.overlay.")
}

/// Whether it is overlayfs's whiteout: a character device 0:0.
pub(crate) fn is_whiteout(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice && stat.st_rdev == 0
}

/// Whether a folder of a layer hides the lower one.
pub(crate) fn is_opaque(folder: &Node) -> io::Result<bool> {
    Ok(folder.xattr(OsStr::new(OPAQUE))?.as_deref() == Some(b"y"))
}

/// Makes a folder of a layer hide the lower one.
pub(super) fn make_opaque(folder: &Node) -> io::Result<()> {
    folder.set_xattr(OsStr::new(OPAQUE), b"y")
}

/// Hides the lower file of this name. Where this layer has a file of that name the lower one is hidden already; where it
/// has a folder, that becomes opaque.
pub(super) fn hide(entry: &Entry<'_>) -> io::Result<()> {
    match entry.stat()? {
        None => entry.create_node(FileType::CharacterDevice, 0, 0, 0),
        Some(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Directory => make_opaque(&entry.node()?),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_what_the_image_spec_says() {
        let of = |name: &'static str| meaning(OsStr::new(name));
        assert_eq!(of(".wh.a"), Meaning::Whiteout(OsStr::new("a")));
        assert_eq!(of(".wh..a"), Meaning::Whiteout(OsStr::new(".a")));
        assert_eq!(of(".wh..wh..opq"), Meaning::Opaque);
        assert_eq!(of(".wh..wh.plnk"), Meaning::Ignored);
        assert_eq!(of(".who"), Meaning::Ordinary);
        for name in [".wh.", ".wh..", ".wh..."] {
            assert_eq!(of(name), Meaning::Hostile, "{name}");
        }
    }
}
