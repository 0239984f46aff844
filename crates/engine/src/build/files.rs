//! Selected files onto a root file system: what `COPY` and `ADD` do.
//!
//! The root is a detached overlay of ours that nobody else sees; every path is resolved below it by the kernel, so that a link
//! which a layer or the context brought leads nowhere else.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use knarr_build::ports::CopyJob;
use knarr_build::select::{Content, Group, Item};
use knarr_build::tree::FileKind;
use knarr_layers::{Attributes, Kind, Options, decompress, unpack};
use knarr_model::{Fault, Result};
use knarr_sys::path::{Entry, Node, Root, Time};
use rustix::fs::{FileType, Stat};

/// Links that are followed at a destination.
const LINKS: usize = 40;

/// Copies all of a job's groups below `root`; `owner` is who owns them where the job does not keep owners.
pub(super) fn copy(root: &Root, job: &CopyJob<'_>, owner: (u32, u32)) -> Result<()> {
    let mut copier = Copier { root, job, owner, times: BTreeMap::new(), placed: HashMap::new(), last: None };
    for group in job.groups {
        match group {
            Group::File(item) => copier.file(item)?,
            Group::Folder(items) => copier.folder(items)?,
            Group::Archive(item) => copier.archive(item)?,
        }
    }
    copier.finish()
}

struct Copier<'a> {
    root: &'a Root,
    job: &'a CopyJob<'a>,
    owner: (u32, u32),
    /// Folders whose times are set when nothing is put into them any more.
    times: BTreeMap<PathBuf, Time>,
    /// Where the origin's files with several names were put.
    placed: HashMap<(u64, u64), PathBuf>,
    /// The folder last opened: most items lie beside the one before.
    last: Option<(PathBuf, Rc<OwnedFd>)>,
}

impl Copier<'_> {
    /// A single file: the destination itself, or what a link there points to, or a name in it where it is a folder.
    fn file(&mut self, item: &Item) -> Result<()> {
        let destination = &self.job.destination;
        let folder = self.job.into_folder || destination == Path::new("/") || self.root.open_dir(destination).is_ok();
        let path = match folder {
            true => destination.join(&item.target),
            false => behind_links(self.root, destination).map_err(|e| Failure::Io(e).at(destination))?,
        };
        self.item(item, &path)
    }

    fn folder(&mut self, items: &[Item]) -> Result<()> {
        self.make_folder(&self.job.destination)?;
        let destination = self.job.destination.clone();
        items.iter().try_for_each(|item| self.item(item, &destination.join(&item.target)))
    }

    /// What is in an archive keeps its owner, whatever the instruction says: only the destination is made for that one.
    fn archive(&mut self, item: &Item) -> Result<()> {
        self.make_folder(&self.job.destination)?;
        let source = decompress(item.open(self.job.tree)?)?;
        unpack(self.root, source, &Options { at: &self.job.destination, ..Options::live() })?;
        Ok(())
    }

    fn item(&mut self, item: &Item, path: &Path) -> Result<()> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(Fault::invalid(format!("cannot copy {} over the root folder", item.target.display())));
        };
        let folder = self.make_folder(folder)?;
        match item.kind {
            FileKind::Folder => self.place_folder(item, &folder, name, path),
            _ => self.place_or_link(item, &folder, name, path).map_err(|e| e.at(path)),
        }
    }

    /// A file that the origin has under several names is one file here, too.
    fn place_or_link(&mut self, item: &Item, folder: &OwnedFd, name: &OsStr, path: &Path) -> Placed {
        let Some(inode) = item.inode.filter(|_| item.kind == FileKind::Regular) else {
            return self.place(item, folder, name);
        };
        let Some(first) = self.placed.get(&inode) else {
            self.place(item, folder, name)?;
            self.placed.insert(inode, path.to_owned());
            return Ok(());
        };
        let (other, first) = self.root.parent(first)?;
        let entry = vacant(folder, name)?;
        Ok(entry.link_to(&Entry::new(other.as_fd(), first)?)?)
    }

    /// A folder that is there takes the new one's files and attributes; behind a link its attributes stay.
    fn place_folder(&mut self, item: &Item, folder: &OwnedFd, name: &OsStr, path: &Path) -> Result<()> {
        let make = || {
            let entry = Entry::new(folder.as_fd(), name)?;
            match entry.stat()?.map(|stat| FileType::from_raw_mode(stat.st_mode)) {
                Some(FileType::Directory) => {}
                Some(FileType::Symlink) if self.root.open_dir(path).is_ok() => return Ok(false),
                _ => {
                    entry.remove_tree()?;
                    entry.create_dir(0o700)?;
                }
            }
            let node = entry.node()?;
            self.attributes(item)?.apply(&node, &Kind::Folder)?;
            Ok(true)
        };
        if make().map_err(|e: Failure| e.at(path))? {
            self.times.insert(path.to_owned(), modified(item));
        }
        Ok(())
    }

    fn place(&self, item: &Item, folder: &OwnedFd, name: &OsStr) -> Placed {
        let entry = vacant(folder, name)?;
        let (node, kind) = match item.kind {
            FileKind::Link => {
                let target = item.link(self.job.tree)?;
                entry.create_symlink(&target)?;
                (entry.node()?, Kind::Symlink(target))
            }
            _ => {
                let mut file = File::from(entry.create_file(0o600)?);
                io::copy(&mut item.open(self.job.tree)?, &mut file)?;
                (Node::from_fd(file.into()), Kind::File)
            }
        };
        Ok(self.attributes(item)?.apply(&node, &kind)?)
    }

    fn attributes(&self, item: &Item) -> std::result::Result<Attributes, Failure> {
        let (uid, gid) = if self.job.keep_owner { item.owner } else { self.owner };
        let xattrs = match (&item.content, item.kind) {
            (Content::Path(path), FileKind::Regular | FileKind::Folder) => self.job.tree.attributes(path)?,
            _ => Vec::new(),
        };
        let mode = self.job.mode.map_or(item.mode, |mode| mode.of(item.mode, item.kind == FileKind::Folder));
        Ok(Attributes { mode, uid, gid, modified: modified(item), xattrs })
    }

    /// Opens a folder of the root; what is missing of it is made for the owner, 0755.
    fn make_folder(&mut self, path: &Path) -> Result<Rc<OwnedFd>> {
        if let Some((_, opened)) = self.last.as_ref().filter(|(last, _)| last == path) {
            return Ok(opened.clone());
        }
        let opened = Rc::new(folder(self.root, path, self.owner)?);
        self.last = Some((path.to_owned(), opened.clone()));
        Ok(opened)
    }

    fn finish(self) -> Result<()> {
        for (path, time) in &self.times {
            let set = || self.root.node(path)?.set_times(*time, *time);
            set().map_err(|e| Fault::io(format!("set times of {}", path.display()), e))?;
        }
        Ok(())
    }
}

/// Opens a folder below `root`; what is missing of it is made for `owner`, 0755.
pub(super) fn folder(root: &Root, path: &Path, owner: (u32, u32)) -> Result<OwnedFd> {
    let mut made = |node: &Node, _: &Path| {
        node.set_owner(owner.0, owner.1)?;
        node.set_mode(0o755)
    };
    root.create_dir_all(path, &mut made).map_err(|e| Fault::io(format!("make folder {}", path.display()), e))
}

/// A name under which nothing is, or is any more.
fn vacant<'f>(folder: &'f OwnedFd, name: &'f OsStr) -> std::result::Result<Entry<'f>, Failure> {
    let entry = Entry::new(folder.as_fd(), name)?;
    match entry.stat()?.map(|stat| FileType::from_raw_mode(stat.st_mode)) {
        None => {}
        Some(FileType::Directory) => return Err(Failure::Folder),
        Some(_) => entry.remove_tree()?,
    }
    Ok(entry)
}

/// What a link at `path` points to below `root`, also where nothing is there.
fn behind_links(root: &Root, path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        // Where the folder is missing, no link can be in it.
        let Ok((folder, name)) = root.parent(&path) else { return Ok(path) };
        let entry = Entry::new(folder.as_fd(), name)?;
        let is_link = |stat: Stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink;
        if !entry.stat()?.is_some_and(is_link) {
            return Ok(path);
        }
        let target = entry.read_link()?;
        path = path.parent().unwrap_or(Path::new("/")).join(target);
    }
    Err(rustix::io::Errno::LOOP.into())
}

fn modified(item: &Item) -> Time {
    item.modified.map_or_else(now, |(seconds, nanoseconds)| Time { seconds, nanoseconds })
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time { seconds: i64::try_from(since.as_secs()).unwrap_or(0), nanoseconds: since.subsec_nanos() }
}

type Placed = std::result::Result<(), Failure>;

/// Why one item could not be placed.
enum Failure {
    Io(io::Error),
    /// Reading the source failed.
    Source(Fault),
    /// A folder is in the way of a file.
    Folder,
}

impl Failure {
    fn at(self, path: &Path) -> Fault {
        match self {
            Self::Io(error) => Fault::io(format!("copy to {}", path.display()), error),
            Self::Source(fault) => fault,
            Self::Folder => Fault::invalid(format!("cannot copy a file over the folder {}", path.display())),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Source(fault)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, symlink};

    use knarr_build::Mode;

    use super::super::tree::RootTree;
    use super::*;

    /// A root to copy to, and a context to copy from.
    struct Bench {
        root: tempfile::TempDir,
        context: tempfile::TempDir,
    }

    impl Bench {
        fn new() -> Self {
            Self { root: tempfile::tempdir().unwrap(), context: tempfile::tempdir().unwrap() }
        }

        fn copy(&self, groups: &[Group], destination: &str, change: impl FnOnce(&mut CopyJob<'_>)) -> Result<()> {
            let tree = RootTree(Root::open(self.context.path()).unwrap());
            let mut job = CopyJob {
                tree: &tree,
                groups,
                destination: destination.into(),
                into_folder: destination.ends_with('/'),
                owner: None,
                keep_owner: false,
                mode: None,
            };
            change(&mut job);
            copy(&Root::open(self.root.path()).unwrap(), &job, (12, 34))
        }

        fn text(&self, path: &str) -> String {
            fs::read_to_string(self.root.path().join(path)).unwrap()
        }

        fn stat(&self, path: &str) -> fs::Metadata {
            fs::symlink_metadata(self.root.path().join(path)).unwrap()
        }
    }

    fn item(target: &str, kind: FileKind, content: Content) -> Item {
        Item {
            target: target.into(),
            kind,
            mode: 0o4711,
            owner: (5, 6),
            inode: None,
            modified: Some((1000, 0)),
            content,
        }
    }

    fn text(target: &str) -> Item {
        item(target, FileKind::Regular, Content::Text(target.to_owned()))
    }

    #[test]
    fn a_file_becomes_the_destination_or_goes_into_it() {
        let bench = Bench::new();
        bench.copy(&[Group::File(text("a"))], "/new/name", |_| {}).unwrap();
        bench.copy(&[Group::File(text("b"))], "/new/folder/", |_| {}).unwrap();
        bench.copy(&[Group::File(text("c"))], "/new/folder", |_| {}).unwrap();
        assert_eq!(
            (bench.text("new/name"), bench.text("new/folder/b"), bench.text("new/folder/c")),
            ("a".into(), "b".into(), "c".into())
        );
        let stat = bench.stat("new/name");
        assert_eq!((stat.uid(), stat.gid(), stat.mode() & 0o7777, stat.mtime()), (12, 34, 0o4711, 1000));
        assert_eq!((bench.stat("new").uid(), bench.stat("new").mode() & 0o7777), (12, 0o755));
    }

    #[test]
    fn owners_and_modes_are_kept_or_given() {
        let bench = Bench::new();
        bench.copy(&[Group::File(text("a"))], "/a", |job| job.keep_owner = true).unwrap();
        bench.copy(&[Group::File(text("b"))], "/b", |job| job.mode = Some(&Mode::Exact(0o600))).unwrap();
        assert_eq!((bench.stat("a").uid(), bench.stat("a").gid()), (5, 6));
        assert_eq!(bench.stat("b").mode() & 0o7777, 0o600);
    }

    #[test]
    fn links_of_the_image_never_lead_out() {
        let bench = Bench::new();
        let outside = tempfile::tempdir().unwrap();
        symlink(outside.path(), bench.root.path().join("out")).unwrap();
        bench.copy(&[Group::File(text("a"))], "/out/a", |_| {}).unwrap();
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
        let inside = outside.path().strip_prefix("/").unwrap().join("a");
        assert_eq!(bench.text(&inside.to_string_lossy()), "a", "the link is followed inside the root");
    }

    #[test]
    fn a_last_link_is_followed_and_a_folder_is_not_replaced() {
        let bench = Bench::new();
        fs::write(bench.root.path().join("target"), "old").unwrap();
        symlink("target", bench.root.path().join("link")).unwrap();
        bench.copy(&[Group::File(text("a"))], "/link", |_| {}).unwrap();
        assert_eq!((bench.text("target"), bench.stat("link").is_symlink()), ("a".into(), true));
        symlink("/there/x", bench.root.path().join("dangling")).unwrap();
        bench.copy(&[Group::File(text("b"))], "/dangling", |_| {}).unwrap();
        assert_eq!(bench.text("there/x"), "b");
        symlink("round", bench.root.path().join("round")).unwrap();
        assert!(bench.copy(&[Group::File(text("c"))], "/round", |_| {}).is_err());
        fs::create_dir_all(bench.root.path().join("folder/a")).unwrap();
        let error = bench.copy(&[Group::File(text("a"))], "/folder/", |_| {}).unwrap_err();
        assert_eq!(error.message(), "cannot copy a file over the folder /folder/a");
    }

    #[test]
    fn folders_are_merged_also_behind_links() {
        let bench = Bench::new();
        fs::create_dir_all(bench.root.path().join("usr/bin")).unwrap();
        fs::write(bench.root.path().join("usr/bin/old"), "old").unwrap();
        symlink("usr/bin", bench.root.path().join("bin")).unwrap();
        symlink("b", bench.context.path().join("l")).unwrap();
        let folder = |name: &str| item(name, FileKind::Folder, Content::Text(String::new()));
        let link = item("bin/l", FileKind::Link, Content::Path("l".into()));
        bench
            .copy(&[Group::Folder(vec![folder("bin"), text("bin/a"), link, folder("new"), text("new/n")])], "/", |_| {})
            .unwrap();
        assert_eq!((bench.text("usr/bin/old"), bench.text("usr/bin/a")), ("old".into(), "bin/a".into()));
        assert!(bench.stat("bin").is_symlink() && bench.stat("usr/bin/l").is_symlink());
        assert_eq!((bench.stat("new").mtime(), bench.stat("new").mode() & 0o7777), (1000, 0o4711));
    }

    #[test]
    fn one_file_under_two_names_stays_one() {
        let bench = Bench::new();
        let named = |name: &str, inode| Item { inode: Some((1, inode)), ..text(name) };
        bench.copy(&[Group::Folder(vec![named("a", 1), named("b", 1), named("c", 2)])], "/", |_| {}).unwrap();
        assert_eq!(bench.stat("a").ino(), bench.stat("b").ino());
        assert_eq!((bench.stat("a").nlink(), bench.stat("c").nlink()), (2, 1));
    }

    #[test]
    fn archives_are_unpacked() {
        let bench = Bench::new();
        let mut writer = knarr_layers::archive::Writer::new(Vec::new());
        let mut member = knarr_layers::Member::new("in/tar", Kind::File, 0o644);
        member.size = 1;
        writer.append(&member, &b"t"[..]).unwrap();
        fs::write(bench.context.path().join("x.tar"), writer.finish().unwrap()).unwrap();
        let archive = || [Group::Archive(item("x.tar", FileKind::Regular, Content::Path("x.tar".into())))];
        bench.copy(&archive(), "/to", |_| {}).unwrap();
        assert_eq!((bench.text("to/in/tar"), bench.stat("to/in/tar").uid()), ("t".into(), 0));
        bench.copy(&archive(), "/owned", |job| job.owner = Some("12:34")).unwrap();
        assert_eq!((bench.stat("owned").uid(), bench.stat("owned/in/tar").uid()), (12, 0));
    }
}
