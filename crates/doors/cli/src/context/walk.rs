//! Packs a folder as a build's context.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use knarr_ignore::Ignore;

use super::archive::sorted;
use super::{Archive, Source};
use crate::error::{Error, Result};

/// Packs `folder`. A Dockerfile from elsewhere is packed under the name `dockerfile`.
pub(crate) fn pack_context(folder: &Path, dockerfile: &str, elsewhere: Option<&[u8]>, target: impl Write) -> Result {
    let invalid = |e: knarr_ignore::IgnoreError| Error::invalid(e.to_string());
    let mut ignore = Ignore::load(folder, dockerfile).map_err(invalid)?;
    for name in Ignore::names(dockerfile).iter().map(String::as_str).chain([dockerfile]) {
        ignore.keep(name).map_err(invalid)?;
    }
    let mut walk = Walk { ignore, archive: Archive::new(target) };
    if let Some(text) = elsewhere {
        walk.archive.add_bytes(dockerfile, text)?;
    }
    walk.folder(folder, "")?;
    walk.archive.finish()
}

struct Walk<W: Write> {
    ignore: Ignore,
    archive: Archive<W>,
}

impl<W: Write> Walk<W> {
    fn folder(&mut self, path: &Path, name: &str) -> Result {
        for entry in sorted(path)? {
            let name = below(name, &entry);
            let path = path.join(&entry);
            let facts = fs::symlink_metadata(&path).map_err(|e| Error::io(format!("look at {}", path.display()), e))?;
            let excluded = self.ignore.excludes(&name);
            if !excluded {
                self.archive.add(&name, Source::Anonymous(&path))?;
            }
            if facts.is_dir() && (!excluded || self.ignore.reopens(&name)) {
                self.folder(&path, &name)?;
            }
        }
        Ok(())
    }
}

fn below(folder: &str, entry: &OsString) -> String {
    let entry = String::from_utf8_lossy(entry.as_bytes());
    if folder.is_empty() { entry.into_owned() } else { format!("{folder}/{entry}") }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn names(bytes: &[u8]) -> Vec<String> {
        let mut archive = tar::Archive::new(bytes);
        archive.entries().unwrap().map(|e| e.unwrap().path().unwrap().display().to_string()).collect()
    }

    #[test]
    fn contexts_obey_the_ignore_file() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("Dockerfile", "FROM scratch");
        write(".dockerignore", "*\n!src\nsrc/*.o\n");
        write("src/a.c", "int a;");
        write("src/a.o", "");
        write("big/data", "");
        let mut bytes = Vec::new();
        pack_context(folder.path(), "Dockerfile", None, &mut bytes).unwrap();
        assert_eq!(names(&bytes), [".dockerignore", "Dockerfile", "src/", "src/a.c"]);
        let mut archive = tar::Archive::new(&bytes[..]);
        let mut file = archive.entries().unwrap().nth(3).unwrap().unwrap();
        assert_eq!((file.header().uid().unwrap(), file.header().gid().unwrap()), (0, 0));
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "int a;");
    }
}
