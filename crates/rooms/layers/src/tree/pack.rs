//! Archives of trees: of a container's changes, of a whole root, of one path.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use knarr_sys::path::{Entry, Node, Root};
use rustix::fs::{FileType, OFlags, Stat};

use crate::archive::{Kind, Member, Writer};
use crate::error::{Error, Result};
use crate::unpack::{Attributes, is_opaque, is_whiteout};

/// Writes the archive of an overlay's upper folder, or of a layer's files: an image layer. The same tree gives the same bytes.
/// Sockets are left out, and so are files whose names an image layer reserves.
pub fn diff<W: Write>(upper: &Path, out: W) -> Result<W> {
    let root = Root::open(upper).map_err(Error::at("open", upper))?;
    let mut packer = Packer::new(out, true);
    packer.root(&root)?;
    packer.writer.finish()
}

/// Writes the archive of everything below `root`. Sockets are left out.
pub fn export<W: Write>(root: &Root, out: W) -> Result<W> {
    let mut packer = Packer::new(out, false);
    packer.root(root)?;
    packer.writer.finish()
}

/// Writes the archive of what `path` names in `root`, with all below it, under the name `name`. Symlinks on the way are
/// followed inside the root, the last one is not.
pub fn pack<W: Write>(root: &Root, path: &Path, name: &Path, out: W) -> Result<W> {
    let mut packer = Packer::new(out, false);
    match root.parent(path) {
        Ok((dir, last)) => packer.entry(&Entry::new(dir.as_fd(), last).map_err(Error::at("open", path))?, name)?,
        // `/`, or a path that ends in `.`: a folder without a name.
        Err(e) if e.kind() == io::ErrorKind::InvalidInput => {
            let node = root.node(path).map_err(Error::at("open", path))?;
            let folder = root.open_dir(path).map_err(Error::at("open", path))?;
            packer.member(&node, name, Kind::Folder)?;
            packer.children(&folder, name)?;
        }
        Err(e) => return Err(Error::at("open", path)(e)),
    }
    packer.writer.finish()
}

struct Packer<W> {
    writer: Writer<W>,
    /// The tree is an overlay's upper folder: whiteouts and opaque marks are translated.
    overlay: bool,
    /// Files with several names, by device and inode, and the first name of each.
    links: HashMap<(u64, u64), PathBuf>,
}

impl<W: Write> Packer<W> {
    fn new(out: W, overlay: bool) -> Self {
        Self { writer: Writer::new(out), overlay, links: HashMap::new() }
    }

    /// The root folder itself, as `./`, and all below it.
    fn root(&mut self, root: &Root) -> Result<()> {
        let node = root.node(Path::new("")).map_err(Error::io("open the root folder"))?;
        let folder = root.open_dir(Path::new("")).map_err(Error::io("open the root folder"))?;
        self.member(&node, Path::new("."), Kind::Folder)?;
        self.children(&folder, Path::new(""))
    }

    fn children(&mut self, folder: &OwnedFd, path: &Path) -> Result<()> {
        super::shallow(path)?;
        for name in Entry::list(folder).map_err(Error::at("list", path))? {
            let entry = Entry::new(folder.as_fd(), &name).map_err(Error::at("open", path))?;
            self.entry(&entry, &path.join(&name))?;
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry<'_>, path: &Path) -> Result<()> {
        // Between listing and here a live tree may have lost it.
        let Some(stat) = entry.stat().map_err(Error::at("look up", path))? else { return Ok(()) };
        if self.overlay && is_whiteout(&stat) {
            return self.mark(&whiteout_name(path));
        }
        if self.overlay && entry.name().as_bytes().starts_with(b".wh.") {
            return Ok(());
        }
        let node = match entry.node() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other.map_err(Error::at("open", path))?,
        };
        // The pinned file, not what the name meant before, is what is written.
        let stat = node.stat().map_err(Error::at("look up", path))?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => self.folder(entry, &node, path),
            FileType::RegularFile => self.file(entry, &node, &stat, path),
            FileType::Symlink => {
                let target = read_link(&node).map_err(Error::at("read link", path))?;
                self.linked(&node, &stat, path, Kind::Symlink(target))
            }
            kind => match special(kind, &stat) {
                Some(kind) => self.linked(&node, &stat, path, kind),
                None => Ok(()),
            },
        }
    }

    fn folder(&mut self, entry: &Entry<'_>, node: &Node, path: &Path) -> Result<()> {
        self.member(node, path, Kind::Folder)?;
        if self.overlay && is_opaque(node).map_err(Error::at("read attributes of", path))? {
            self.mark(&path.join(".wh..wh..opq"))?;
        }
        let folder = entry.open(OFlags::RDONLY | OFlags::DIRECTORY).map_err(Error::at("open", path))?;
        self.children(&folder, path)
    }

    fn file(&mut self, entry: &Entry<'_>, node: &Node, stat: &Stat, path: &Path) -> Result<()> {
        if let Some(first) = self.first_name(stat, path) {
            return self.member(node, path, Kind::HardLink(first));
        }
        let opened = entry.open(OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY).map_err(Error::at("open", path))?;
        let now = rustix::fs::fstat(&opened).map_err(|e| Error::at("look up", path)(e.into()))?;
        if (now.st_dev, now.st_ino) != (stat.st_dev, stat.st_ino) {
            return Err(Error::at("read", path)(io::Error::other("it was replaced while it was read")));
        }
        let mut member = self.describe(node, path, Kind::File)?;
        member.size = u64::try_from(now.st_size).unwrap_or(0);
        self.writer.append(&member, File::from(opened))
    }

    /// Anything without content: further names of it are hard links too.
    fn linked(&mut self, node: &Node, stat: &Stat, path: &Path, kind: Kind) -> Result<()> {
        let kind = self.first_name(stat, path).map_or(kind, Kind::HardLink);
        self.member(node, path, kind)
    }

    /// The name under which this file is in the archive already.
    fn first_name(&mut self, stat: &Stat, path: &Path) -> Option<PathBuf> {
        if stat.st_nlink < 2 {
            return None;
        }
        let first = self.links.get(&(stat.st_dev, stat.st_ino)).cloned();
        if first.is_none() {
            self.links.insert((stat.st_dev, stat.st_ino), path.to_owned());
        }
        first
    }

    fn member(&mut self, node: &Node, path: &Path, kind: Kind) -> Result<()> {
        let member = self.describe(node, path, kind)?;
        self.writer.append_empty(&member)
    }

    fn describe(&self, node: &Node, path: &Path, kind: Kind) -> Result<Member> {
        let attributes = Attributes::of_node(node).map_err(Error::at("read attributes of", path))?;
        let mut member = Member::new(path, kind, attributes.mode);
        (member.uid, member.gid, member.modified) = (attributes.uid, attributes.gid, attributes.modified);
        // A further name has no attributes of its own.
        if !matches!(member.kind, Kind::HardLink(_)) {
            member.xattrs = attributes.xattrs;
        }
        Ok(member)
    }

    /// An empty file that means something to whoever applies the layer.
    fn mark(&mut self, path: &Path) -> Result<()> {
        self.writer.append_empty(&Member::new(path, Kind::File, 0))
    }
}

fn whiteout_name(path: &Path) -> PathBuf {
    let mut name = OsString::from(".wh.");
    name.push(path.file_name().unwrap_or(OsStr::new("")));
    path.with_file_name(name)
}

fn read_link(node: &Node) -> io::Result<PathBuf> {
    let target = rustix::fs::readlinkat(node, "", Vec::new())?;
    Ok(OsString::from_vec(target.into_bytes()).into())
}

/// Devices and FIFOs; none for sockets, which live only as long as their server.
fn special(kind: FileType, stat: &Stat) -> Option<Kind> {
    let (major, minor) = (rustix::fs::major(stat.st_rdev), rustix::fs::minor(stat.st_rdev));
    match kind {
        FileType::CharacterDevice => Some(Kind::Character { major, minor }),
        FileType::BlockDevice => Some(Kind::Block { major, minor }),
        FileType::Fifo => Some(Kind::Fifo),
        _ => None,
    }
}
