//! Paths inside a root: resolved by the kernel with `openat2(2)` below a folder's descriptor, never by joining strings.
//!
//! A [`Root`] resolves a path as a process would whose root folder it is: symlinks are followed, `..` and absolute targets stay
//! inside, magic links (`/proc/<pid>/fd/…`) are refused. An [`Entry`] is one name in an open folder and is never followed.
//! [`read_regular`] reads a file that somebody else has made.
//! [`disk_usage`] measures a tree as `du` does.
//! A [`Node`] is a pinned file of any kind, whose attributes are read and set without a path that somebody could swap.
//!
//! Node attributes go through `/proc/self/fd/<n>`, so `/proc` must be mounted (the daemon runs in the host's namespace).

mod bounded;
mod entry;
mod node;
mod remove;
mod root;
mod usage;

pub use bounded::read_regular;
pub use entry::Entry;
pub use node::{Node, Time};
pub use root::Root;
pub use usage::disk_usage;

/// How deep in each other folders may be that are unpacked or walked by recursion: each level holds a descriptor open and takes a piece of the
/// stack. Removing has no such limit.
pub const DEPTH: usize = 256;
