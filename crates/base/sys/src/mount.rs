//! mount_setattr(2), which rustix lacks.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Attributes of a mount, as mount_setattr(2) has them: bits of `MOUNT_ATTR_*`, one `MS_*` propagation or 0.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MountAttr {
    /// Bits to set.
    pub set: u64,
    /// Bits to clear, before the others are set.
    pub clear: u64,
    /// `MS_SHARED`, `MS_PRIVATE`, `MS_SLAVE`, `MS_UNBINDABLE` or 0.
    pub propagation: u64,
    /// Descriptor of a user namespace, for [`IDMAP`].
    pub userns: u64,
}

/// Read-only.
pub const RDONLY: u64 = libc::MOUNT_ATTR_RDONLY;
/// set-user-ID bits have no effect.
pub const NOSUID: u64 = libc::MOUNT_ATTR_NOSUID;
/// Device nodes cannot be opened.
pub const NODEV: u64 = libc::MOUNT_ATTR_NODEV;
/// Programs cannot be executed.
pub const NOEXEC: u64 = libc::MOUNT_ATTR_NOEXEC;
/// The field of access time modes; to be cleared when one is set.
pub const ATIME: u64 = libc::MOUNT_ATTR__ATIME;
/// Access times are never written.
pub const NOATIME: u64 = libc::MOUNT_ATTR_NOATIME;
/// Access times are always written.
pub const STRICTATIME: u64 = libc::MOUNT_ATTR_STRICTATIME;
/// Access times of folders are never written.
pub const NODIRATIME: u64 = libc::MOUNT_ATTR_NODIRATIME;
/// Owners are mapped through a user namespace.
pub const IDMAP: u64 = libc::MOUNT_ATTR_IDMAP;
/// Symbolic links are not followed.
pub const NOSYMFOLLOW: u64 = libc::MOUNT_ATTR_NOSYMFOLLOW;

/// Changes the mount at `path` below `dir` (`dir` itself when empty), with all mounts below it when `recursive`.
pub fn mount_setattr(dir: BorrowedFd<'_>, path: &CStr, recursive: bool, attr: &MountAttr) -> io::Result<()> {
    let mut flags = libc::AT_EMPTY_PATH;
    if recursive {
        flags |= libc::AT_RECURSIVE;
    }
    // SAFETY: attr has the kernel's layout (`struct mount_attr`) and its true size; path ends in a zero byte.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            dir.as_raw_fd(),
            path.as_ptr(),
            flags,
            &raw const *attr,
            size_of::<MountAttr>(),
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
