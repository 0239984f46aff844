//! Members onto the disk, in the archive's order.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use knarr_sys::disk::Room;
use knarr_sys::path::{DEPTH, Entry, Node, Root, Time};
use rustix::fs::{FileType, OFlags};

use super::overlay::{self, Meaning};
use super::{Attributes, files, name};
use crate::archive::{Kind, Member, Reader};
use crate::error::{Error, Result};
use crate::recipe::{Recorded, Recorder};

/// What names that begin with `.wh.` are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whiteouts {
    /// Marks of an image layer; they become overlayfs's.
    Overlay,
    /// Ordinary files.
    Plain,
}

/// What an archive may use up.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Members.
    pub members: u64,
    /// Bytes of stored file content; none for as much as the disk has for this ([`Room`]).
    pub bytes: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { members: 10_000_000, bytes: None }
    }
}

/// How often a member is made that somebody else is faster with.
const ATTEMPTS: u8 = 16;

/// The time of a layer's folders of which nothing is said, so that the same archive makes the same files.
const UNTOLD: Time = Time { seconds: 0, nanoseconds: 0 };

/// Gives the attributes of a folder that an archive leaves out, by its path below the root.
pub type Inherit<'a> = &'a dyn Fn(&Path) -> Option<Attributes>;

/// How to unpack.
pub struct Options<'a> {
    /// What whiteouts are.
    pub whiteouts: Whiteouts,
    /// The folder below the root that members are put into; symlinks in members' paths are followed up to the root.
    pub at: &'a Path,
    /// An owner and group for everything, instead of what the archive says.
    pub owner: Option<(u32, u32)>,
    /// Whether the root itself becomes what the archive says of it.
    pub own_root: bool,
    /// Refuses to put a file over a folder or a folder over a file, as `cp` asks; otherwise the old one is removed.
    pub keep_kinds: bool,
    /// Attributes of parents that the archive does not contain; without one they are root's, 0755.
    pub inherit: Option<Inherit<'a>>,
    /// Limits.
    pub limits: Limits,
}

impl<'a> Options<'a> {
    /// For an image layer.
    pub fn layer() -> Self {
        Self {
            whiteouts: Whiteouts::Overlay,
            at: Path::new(""),
            owner: None,
            own_root: true,
            keep_kinds: false,
            inherit: None,
            limits: Limits::default(),
        }
    }

    /// For a live folder.
    pub fn live() -> Self {
        Self { whiteouts: Whiteouts::Plain, own_root: false, ..Self::layer() }
    }
}

/// What was unpacked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// Bytes of file content, holes not counted, hard links once.
    pub bytes: u64,
    /// Members.
    pub members: u64,
    /// The layer hides everything below it: an opaque mark stood in its root, where overlayfs does not look for one.
    pub opaque: bool,
}

/// Bytes of content copied at a time.
const BUFFER: usize = 128 << 10;

/// Unpacks the archive `source` below `root`, reading it to its very end.
pub fn unpack<R: Read>(root: &Root, source: R, options: &Options<'_>) -> Result<Unpacked> {
    unpack_recorded(root, source, options, None)
}

/// [`unpack`], noting how the archive is written again.
pub(crate) fn unpack_recorded<R: Read>(
    root: &Root,
    source: R,
    options: &Options<'_>,
    recorder: Option<&RefCell<Recorder>>,
) -> Result<Unpacked> {
    let mut reader = Reader::new(Recorded { source, recorder });
    let (room, buffer, done) = (Room::default(), vec![0; BUFFER], Unpacked::default());
    let folders = match options.whiteouts {
        Whiteouts::Overlay => BTreeMap::from([(PathBuf::new(), inherited_time(options))]),
        Whiteouts::Plain => BTreeMap::new(),
    };
    let mut unpacker = Unpacker { root, options, recorder, folders, parent: None, room, buffer, done };
    while let Some(member) = reader.next_member()? {
        unpacker.count(&member)?;
        unpacker.member(member, &mut reader)?;
    }
    unpacker.finish()?;
    reader.drain()?;
    Ok(unpacker.done)
}

/// The time of a layer's root, where the archive says nothing of it.
fn inherited_time(options: &Options<'_>) -> Time {
    let below = options.inherit.and_then(|inherit| inherit(Path::new("")));
    below.map_or(UNTOLD, |attributes| attributes.modified)
}

struct Unpacker<'a> {
    root: &'a Root,
    options: &'a Options<'a>,
    recorder: Option<&'a RefCell<Recorder>>,
    /// Folders whose times are set at the end.
    folders: BTreeMap<PathBuf, Time>,
    /// The folder last opened: most members lie beside the one before.
    parent: Option<Parent>,
    room: Room,
    /// What all files are copied by way of.
    buffer: Vec<u8>,
    done: Unpacked,
}

/// A folder that members are put into.
struct Parent {
    path: PathBuf,
    folder: OwnedFd,
    /// It was marked opaque since it was opened.
    opaque: bool,
}

impl Unpacker<'_> {
    fn count(&mut self, member: &Member) -> Result<()> {
        let limits = self.options.limits;
        self.done.members += 1;
        self.done.bytes = self.done.bytes.saturating_add(member.stored());
        if self.done.members > limits.members {
            return Err(Error::Limit { reason: format!("more than {} members", limits.members) });
        }
        match limits.bytes {
            Some(most) if self.done.bytes > most => Err(Error::Limit { reason: format!("more than {most} bytes") }),
            _ => Ok(()),
        }
    }

    fn member(&mut self, mut member: Member, content: &mut impl Read) -> Result<()> {
        if let Some((uid, gid)) = self.options.owner {
            (member.uid, member.gid) = (uid, gid);
        }
        let name = name::below_root(&member.path)?;
        if name.as_os_str().is_empty() {
            return self.root_member(&member);
        }
        let path = self.options.at.join(name);
        let Some((parent, last)) = name::split(&path) else { return self.root_member(&member) };
        self.enter(parent)?;
        if self.options.whiteouts == Whiteouts::Overlay {
            match overlay::meaning(last) {
                Meaning::Ordinary => {}
                mark => return self.mark(&path, parent, &mark, &member),
            }
        }
        self.place(&path, last, &member, content)
    }

    /// Does what a name that begins with `.wh.` means. Content that such a file has is read over, and must not be more than could be kept.
    fn mark(&mut self, path: &Path, parent: &Path, mark: &Meaning<'_>, member: &Member) -> Result<()> {
        self.claim(path, member.stored())?;
        match mark {
            Meaning::Ordinary | Meaning::Ignored => Ok(()),
            Meaning::Whiteout(hidden) => self.whiteout(parent, hidden),
            Meaning::Opaque => self.opaque(parent),
            Meaning::Hostile => Err(Error::archive(format!("{} is a whiteout of no file", path.display()))),
        }
    }

    /// A layer's root has attributes of its own; a live folder keeps what it has.
    fn root_member(&mut self, member: &Member) -> Result<()> {
        match (&member.kind, self.options.own_root) {
            (Kind::Folder, true) => {
                self.folders.insert(PathBuf::new(), member.modified);
                let node = self.root.node(Path::new("")).map_err(Error::io("open the root"))?;
                Attributes::of_member(member).apply(&node, &member.kind).map_err(Error::io("set up the root"))
            }
            (Kind::Folder, false) => Ok(()),
            _ => Err(Error::archive("a member that is not a folder has the root's name")),
        }
    }

    /// Opens the folder `parent`, making what is missing of it.
    fn enter(&mut self, parent: &Path) -> Result<()> {
        if self.parent.as_ref().is_some_and(|opened| opened.path == parent) {
            return Ok(());
        }
        self.parent = None;
        self.shallow(parent, parent.components().count())?;
        let opened = match self.root.open_dir(parent) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => self.create_parents(parent),
            other => other,
        };
        let folder = opened.map_err(Error::at("open folder", parent))?;
        self.shallow(parent, self.root.depth(folder.as_fd()).map_err(Error::at("look up", parent))?)?;
        self.parent = Some(Parent { path: parent.to_owned(), folder, opaque: false });
        Ok(())
    }

    /// Refuses what others could not walk through; links can lead deeper than names have room for.
    fn shallow(&self, parent: &Path, depth: usize) -> Result<()> {
        if depth < DEPTH {
            return Ok(());
        }
        let name: String = parent.to_string_lossy().chars().take(100).collect();
        Err(Error::Limit { reason: format!("{name}… is more than {DEPTH} folders deep") })
    }

    fn create_parents(&mut self, parent: &Path) -> io::Result<OwnedFd> {
        let options = self.options;
        let folders = &mut self.folders;
        self.root.create_dir_all(parent, &mut |node: &Node, path: &Path| {
            if let Some(attributes) = options.inherit.and_then(|inherit| inherit(path)) {
                attributes.apply(node, &Kind::Folder)?;
                folders.insert(path.to_owned(), attributes.modified);
                return Ok(());
            }
            if options.whiteouts == Whiteouts::Overlay {
                folders.insert(path.to_owned(), UNTOLD);
            }
            let (uid, gid) = options.owner.unwrap_or((0, 0));
            node.set_owner(uid, gid)?;
            node.set_mode(0o755)
        })
    }

    /// The entry `last` of the folder that was entered.
    fn entry<'e>(&'e self, last: &'e OsStr) -> io::Result<Entry<'e>> {
        let parent = self.parent.as_ref().ok_or(io::ErrorKind::NotFound)?;
        Entry::new(parent.folder.as_fd(), last)
    }

    fn whiteout(&self, parent: &Path, hidden: &OsStr) -> Result<()> {
        let hide = || overlay::hide(&self.entry(hidden)?);
        hide().map_err(Error::at("whiteout", &parent.join(hidden)))
    }

    /// Marks the folder that was entered; once is enough (flaw row 57).
    fn opaque(&mut self, parent: &Path) -> Result<()> {
        if let Some(opened) = &mut self.parent
            && std::mem::replace(&mut opened.opaque, true)
        {
            return Ok(());
        }
        if parent.as_os_str().is_empty() {
            self.done.opaque = true;
            return Ok(());
        }
        let mark = || overlay::make_opaque(&self.root.node(parent)?);
        mark().map_err(Error::at("make opaque", parent))
    }

    fn place(&mut self, path: &Path, last: &OsStr, member: &Member, content: &mut impl Read) -> Result<()> {
        if let Kind::Character { major: 0, minor: 0 } = member.kind {
            return Err(Error::archive(format!("{} is a device 0:0", path.display())));
        }
        if let Kind::HardLink(target) = &member.kind {
            let target = self.options.at.join(name::below_root(target)?);
            return self.link(path, last, &target);
        }
        if let Some(recorder) = self.recorder.filter(|_| member.kind == Kind::File && member.sparse.is_none()) {
            recorder.borrow_mut().content(path, member.size).map_err(Error::at("note", path))?;
        }
        let node = self.make(path, last, member, content)?;
        let attributes = Attributes::of_member(member);
        attributes.apply(&node, &member.kind).map_err(Error::at("set attributes of", path))?;
        if member.kind == Kind::Folder {
            self.folders.insert(path.to_owned(), member.modified);
        } else {
            self.folders.remove(path);
        }
        Ok(())
    }

    /// Makes room, and then the member: again where somebody else, who writes into the same live folder, was there in between.
    fn make(&mut self, path: &Path, last: &OsStr, member: &Member, content: &mut impl Read) -> Result<Node> {
        let mut attempts = 1..ATTEMPTS;
        loop {
            let replaced = self.make_room(path, last, &member.kind)?;
            self.claim(path, member.stored())?;
            match self.create(last, member, content, replaced) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempts.next().is_some() => {}
                made => return made.map_err(Error::at("create", path)),
            }
        }
    }

    fn link(&mut self, path: &Path, last: &OsStr, target: &Path) -> Result<()> {
        if self.entry(last).and_then(|entry| entry.stat()).is_ok_and(|there| there.is_some()) {
            self.spoil();
        }
        let make = || files::create_link(self.root, &self.entry(last)?, target);
        make().map_err(|e| Error::io(format!("link {} to {}", path.display(), target.display()))(e))
    }

    fn create(
        &mut self,
        last: &OsStr,
        member: &Member,
        content: &mut impl Read,
        replaced: Replaced,
    ) -> io::Result<Node> {
        let parent = self.parent.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let entry = Entry::new(parent.folder.as_fd(), last)?;
        match (&member.kind, replaced) {
            (Kind::File, _) => files::create_file(&entry, member, content, &mut self.buffer),
            (Kind::Folder, Replaced::Folder) => entry.node(),
            (kind, replaced) => {
                let node = files::create_special(&entry, kind)?;
                if (kind, replaced) == (&Kind::Folder, Replaced::Whiteout) {
                    overlay::make_opaque(&node)?;
                }
                Ok(node)
            }
        }
    }

    /// Takes the disk's room for a file before it is begun: nobody has to wait until a bomb has filled the disk.
    fn claim(&mut self, path: &Path, bytes: u64) -> Result<()> {
        let Some(parent) = &self.parent else { return Ok(()) };
        let claimed = self.room.claim(&parent.folder, bytes);
        claimed.map_err(|e| Error::io(format!("make room for {bytes} bytes of {}", path.display()))(e))
    }

    /// Removes what stands in the way of a member; a folder stays for a folder.
    fn make_room(&mut self, path: &Path, last: &OsStr, kind: &Kind) -> Result<Replaced> {
        let look = || self.entry(last)?.stat();
        let Some(stat) = look().map_err(Error::at("look up", path))? else { return Ok(Replaced::Nothing) };
        let folder = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
        if folder && *kind == Kind::Folder {
            return Ok(Replaced::Folder);
        }
        if self.options.keep_kinds && folder != (*kind == Kind::Folder) {
            let (old, new) = if folder { ("directory", "non-directory") } else { ("non-directory", "directory") };
            return Err(Error::Overwrite(format!("{old} {} with {new}", path.display())));
        }
        let remove = || self.entry(last)?.remove_tree();
        remove().map_err(Error::at("replace", path))?;
        let whiteout = self.options.whiteouts == Whiteouts::Overlay && overlay::is_whiteout(&stat);
        if !whiteout {
            self.spoil();
        }
        Ok(if whiteout { Replaced::Whiteout } else { Replaced::Nothing })
    }

    /// What was unpacked before is gone, and the archive cannot be written again.
    fn spoil(&self) {
        self.recorder.iter().for_each(|recorder| recorder.borrow_mut().spoil());
    }

    /// Sets the times of folders, which every file put into them has changed.
    fn finish(&mut self) -> Result<()> {
        for (path, modified) in std::mem::take(&mut self.folders) {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW;
            let opened = self.root.open_at(&path, flags, rustix::fs::Mode::empty());
            // A folder that a later member replaced has no times to set.
            let Ok(fd) = opened else { continue };
            Node::from_fd(fd).set_times(modified, modified).map_err(Error::at("set times of", &path))?;
        }
        Ok(())
    }
}

/// What was at a member's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Replaced {
    Nothing,
    /// A folder, which stays.
    Folder,
    /// A whiteout of the lower file of that name.
    Whiteout,
}
