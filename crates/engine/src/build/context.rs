//! The context: received, unpacked, and its Dockerfile read.

use std::io::Read;
use std::os::fd::AsFd as _;
use std::path::Path;

use knarr_build::tree::{FileKind, Tree as _};
use knarr_ignore::{Ignore, clean};
use knarr_layers::{Options, decompress, unpack};
use knarr_model::{Fault, Result};
use knarr_sys::path::{Entry, Root};

use super::remote::Fetched;
use super::tree::RootTree;
use super::workspace::Workspace;

/// The Dockerfile's usual name.
const DOCKERFILE: &str = "Dockerfile";
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

/// Unpacks a context that a client sent into the workspace. The Dockerfile and the ignore file are taken out after they were read where the
/// ignore file says so: clients always send them, and leave all else out by themselves.
pub(super) fn receive(workspace: &Workspace<'_>, archive: impl Read + Send, dockerfile: &str) -> Result<Context> {
    let context = Context::open(unpacked(workspace, archive)?, dockerfile)?;
    remove_ignored(&context.tree, &context.name)?;
    Ok(context)
}

/// Takes what was fetched from elsewhere; nobody has looked at its ignore file yet.
pub(super) fn take(workspace: &Workspace<'_>, fetched: Fetched, dockerfile: &str) -> Result<Context> {
    let root = match fetched {
        Fetched::Archive(archive) => unpacked(workspace, archive)?,
        Fetched::Folder(root) => root,
        Fetched::Dockerfile(dockerfile) => {
            let tree = RootTree(opened(&workspace.folder()?)?);
            return Ok(Context { tree, name: DOCKERFILE.to_owned(), dockerfile });
        }
    };
    let context = Context::open(root, dockerfile)?;
    if let Some(ignore) = ignore_file(&context.tree, &context.name)? {
        prune(&context.tree, Path::new(""), &ignore)?;
    }
    Ok(context)
}

impl Context {
    fn open(root: Root, dockerfile: &str) -> Result<Self> {
        let name = clean(if dockerfile.is_empty() { DOCKERFILE } else { dockerfile });
        let name = name.trim_start_matches('/').to_owned();
        let tree = RootTree(root);
        let missing = || Fault::invalid(format!("Cannot locate specified Dockerfile: {name}"));
        let dockerfile = read(&tree, &name)?.ok_or_else(missing)?;
        Ok(Self { tree, name, dockerfile })
    }
}

fn unpacked(workspace: &Workspace<'_>, archive: impl Read + Send) -> Result<Root> {
    let root = opened(&workspace.folder()?)?;
    unpack(&root, decompress(archive)?, &Options::live())?;
    Ok(root)
}

fn opened(folder: &Path) -> Result<Root> {
    Root::open(folder).map_err(|e| Fault::io(format!("open {}", folder.display()), e))
}

/// Removes all that is ignored below a folder.
fn prune(tree: &RootTree, folder: &Path, ignore: &Ignore) -> Result<()> {
    for name in tree.list(folder)? {
        let path = folder.join(name);
        let text = path.to_string_lossy();
        let is_folder = tree.metadata(&path, false)?.is_some_and(|metadata| metadata.kind == FileKind::Folder);
        match (ignore.excludes(&text), is_folder) {
            (true, true) if ignore.reopens(&text) => prune(tree, &path, ignore)?,
            (true, _) => remove(tree, &path)?,
            (false, true) => prune(tree, &path, ignore)?,
            (false, false) => {}
        }
    }
    Ok(())
}

/// Removes the Dockerfile and the ignore files where they are ignored.
fn remove_ignored(tree: &RootTree, dockerfile: &str) -> Result<()> {
    let Some(ignore) = ignore_file(tree, dockerfile)? else { return Ok(()) };
    let [own, shared] = Ignore::names(dockerfile);
    let ignored = [dockerfile, &own, &shared].into_iter().filter(|path| ignore.excludes(path));
    ignored.into_iter().try_for_each(|path| remove(tree, Path::new(path)))
}

/// Removes a file or a folder that may be there.
fn remove(tree: &RootTree, path: &Path) -> Result<()> {
    let remove = || {
        let (dir, name) = tree.0.parent(path)?;
        Entry::new(dir.as_fd(), name)?.remove_tree()
    };
    match remove() {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Fault::io(format!("remove {}", path.display()), e)),
        _ => Ok(()),
    }
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
