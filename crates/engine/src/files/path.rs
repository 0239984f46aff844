//! Paths in a container as users write them.

use std::path::{Path, PathBuf};

/// A cleaned path, and what its end says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Absolute, without `.` and `..`.
    pub(super) path: PathBuf,
    /// It was written with a `/` or `/.` at its end: a symlink there is followed, and it must be a folder.
    pub(super) follow: bool,
    /// What the thing is called in an archive: the last name, or `.` where that was written, or `/`.
    pub(super) name: PathBuf,
}

/// Reads a path. Relative ones are from the root, as for Docker.
pub(super) fn parse(text: &str) -> Wanted {
    let path = PathBuf::from(knarr_ignore::clean(&format!("/{text}")));
    let dot = text == "." || text.ends_with("/.");
    let follow = dot || text.ends_with('/');
    let name = match path.file_name() {
        _ if dot => Path::new(".").to_owned(),
        Some(last) => PathBuf::from(last),
        None => Path::new("/").to_owned(),
    };
    Wanted { path, follow, name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_path_matters() {
        let of = |text: &str| {
            let wanted = parse(text);
            (wanted.path.display().to_string(), wanted.follow, wanted.name.display().to_string())
        };
        let is = |path: &str, follow, name: &str| (path.to_owned(), follow, name.to_owned());
        assert_eq!(of("/etc/passwd"), is("/etc/passwd", false, "passwd"));
        assert_eq!(of("etc/"), is("/etc", true, "etc"));
        assert_eq!(of("/etc/."), is("/etc", true, "."));
        assert_eq!(of("/../../a/../b"), is("/b", false, "b"));
        assert_eq!(of("/"), is("/", true, "/"));
        assert_eq!(of("."), is("/", true, "."));
    }
}
