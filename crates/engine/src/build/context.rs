//! The context: received, unpacked, and its Dockerfile read.

use std::io::Read;
use std::os::fd::AsFd as _;
use std::path::Path;

use knarr_build::tree::Tree as _;
use knarr_ignore::{Ignore, clean};
use knarr_layers::{Options, decompress, unpack};
use knarr_model::{Fault, Result};
use knarr_sys::path::{Entry, Root};

use super::tree::RootTree;
use super::workspace::Workspace;

/// Bytes of a Dockerfile or an ignore file that are read.
const LIMIT: u64 = 4 << 20;

/// An unpacked context.
pub(super) struct Context {
    /// Its files.
    pub(super) tree: RootTree,
    /// The Dockerfile's path in it.
    pub(super) name: String,
    /// The Dockerfile's bytes.
    pub(super) dockerfile: Vec<u8>,
}

/// Unpacks a context into the workspace. The Dockerfile and the ignore file are taken out after they were read where the ignore file
/// says so: clients always send them.
pub(super) fn receive(workspace: &Workspace<'_>, archive: impl Read + Send, dockerfile: &str) -> Result<Context> {
    let folder = workspace.folder()?;
    let root = Root::open(&folder).map_err(|e| Fault::io(format!("open {}", folder.display()), e))?;
    unpack(&root, decompress(archive)?, &Options::live())?;
    let name = clean(if dockerfile.is_empty() { "Dockerfile" } else { dockerfile });
    let name = name.trim_start_matches('/').to_owned();
    let tree = RootTree(root);
    let missing = || Fault::invalid(format!("Cannot locate specified Dockerfile: {name}"));
    let dockerfile = read(&tree, &name)?.ok_or_else(missing)?;
    remove_ignored(&tree, &name)?;
    Ok(Context { tree, name, dockerfile })
}

fn remove_ignored(tree: &RootTree, dockerfile: &str) -> Result<()> {
    let Some(ignore) = ignore_file(tree, dockerfile)? else { return Ok(()) };
    let [own, shared] = Ignore::names(dockerfile);
    for path in [dockerfile, &own, &shared].into_iter().filter(|path| ignore.excludes(path)) {
        let remove = || {
            let (dir, name) = tree.0.parent(Path::new(path))?;
            Entry::new(dir.as_fd(), name)?.remove_tree()
        };
        match remove() {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(Fault::io(format!("remove {path}"), e)),
            _ => {}
        }
    }
    Ok(())
}

fn ignore_file(tree: &RootTree, dockerfile: &str) -> Result<Option<Ignore>> {
    for name in Ignore::names(dockerfile) {
        if let Some(bytes) = read(tree, &name)? {
            let ignore = Ignore::parse(&String::from_utf8_lossy(&bytes));
            return ignore.map(Some).map_err(|e| Fault::invalid(format!("cannot read {name}")).because(e));
        }
    }
    Ok(None)
}

/// A small file of the context; none where it is not there.
fn read(tree: &RootTree, path: &str) -> Result<Option<Vec<u8>>> {
    if tree.metadata(Path::new(path), true)?.is_none() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let reader = tree.open(Path::new(path))?;
    reader.take(LIMIT + 1).read_to_end(&mut bytes).map_err(|e| Fault::io(format!("read {path}"), e))?;
    if bytes.len() as u64 > LIMIT {
        return Err(Fault::invalid(format!("{path} has more than {LIMIT} bytes")));
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(files: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = knarr_layers::archive::Writer::new(Vec::new());
        for (name, text) in files {
            let mut member = knarr_layers::Member::new(*name, knarr_layers::Kind::File, 0o644);
            member.size = text.len() as u64;
            writer.append(&member, text.as_bytes()).unwrap();
        }
        writer.finish().unwrap()
    }

    fn received(files: &[(&str, &str)], dockerfile: &str) -> Result<(Vec<u8>, Vec<String>)> {
        unpacked(&archive(files), dockerfile)
    }

    fn unpacked(archive: &[u8], dockerfile: &str) -> Result<(Vec<u8>, Vec<String>)> {
        let root = tempfile::tempdir().unwrap();
        let workspace = Workspace::new(root.path());
        let context = receive(&workspace, archive, dockerfile)?;
        let names = context.tree.list(Path::new(""))?;
        Ok((context.dockerfile, names.iter().map(|name| name.to_string_lossy().into_owned()).collect()))
    }

    #[test]
    fn the_dockerfile_is_read_and_stays_unless_ignored() {
        let files = [("Dockerfile", "FROM a"), ("x", ""), (".dockerignore", "x\n")];
        let (dockerfile, names) = received(&files, "").unwrap();
        assert_eq!((dockerfile.as_slice(), names.len()), (&b"FROM a"[..], 3));
        let files = [("sub/web", "FROM b"), (".dockerignore", "sub\n.dockerignore")];
        let (dockerfile, names) = received(&files, "./sub/../sub/web").unwrap();
        assert_eq!((dockerfile.as_slice(), names), (&b"FROM b"[..], vec!["sub".to_owned()]));
    }

    #[test]
    fn the_end_of_the_archive_may_be_missing_and_nothing_else() {
        let whole = archive(&[("Dockerfile", "FROM a")]);
        assert_eq!(unpacked(&whole[..512 + 6], "").unwrap().0, b"FROM a");
        assert!(unpacked(&whole[..512 + 5], "").is_err());
    }

    #[test]
    fn a_missing_dockerfile_is_named() {
        let error = received(&[("x", "")], "web").err().unwrap();
        assert_eq!(error.message(), "Cannot locate specified Dockerfile: web");
        assert!(received(&[("x", "")], "../../etc/passwd").is_err());
    }
}
