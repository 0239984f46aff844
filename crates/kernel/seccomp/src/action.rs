//! What a filter answers.

use crate::{Error, Result};

/// `SECCOMP_RET_*` with its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Action(pub u32);

const KILL_THREAD: u32 = 0;
const TRAP: u32 = 0x0003_0000;
const ERRNO: u32 = 0x0005_0000;
const USER_NOTIF: u32 = 0x7fc0_0000;
const TRACE: u32 = 0x7ff0_0000;
const LOG: u32 = 0x7ffc_0000;
const ALLOW: u32 = 0x7fff_0000;

const EPERM: u32 = 1;
const ENOSYS: u32 = 38;
const MOST_ERRNO: u32 = 4095;

/// The names of actions in a profile.
pub const ACTIONS: &[&str] = &[
    "SCMP_ACT_ALLOW",
    "SCMP_ACT_ERRNO",
    "SCMP_ACT_KILL",
    "SCMP_ACT_KILL_PROCESS",
    "SCMP_ACT_KILL_THREAD",
    "SCMP_ACT_LOG",
    "SCMP_ACT_NOTIFY",
    "SCMP_ACT_TRACE",
    "SCMP_ACT_TRAP",
];

impl Action {
    /// The process dies.
    pub const KILL_PROCESS: Self = Self(0x8000_0000);
    /// The call is answered as one that the kernel does not have.
    pub const NO_SUCH_CALL: Self = Self(ERRNO | ENOSYS);

    /// From its name in a profile, with the errno (EPERM where none is given).
    pub fn parse(name: &str, errno: Option<u32>) -> Result<Self> {
        let data = errno.unwrap_or(EPERM);
        if data > MOST_ERRNO {
            return Err(Error::Errno(data));
        }
        if errno.is_some() && !matches!(name, "SCMP_ACT_ERRNO" | "SCMP_ACT_TRACE") {
            return Err(Error::NoErrno(name.to_owned()));
        }
        Ok(Self(match name {
            "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => KILL_THREAD,
            "SCMP_ACT_KILL_PROCESS" => return Ok(Self::KILL_PROCESS),
            "SCMP_ACT_TRAP" => TRAP,
            "SCMP_ACT_ERRNO" => ERRNO | data,
            "SCMP_ACT_TRACE" => TRACE | data,
            "SCMP_ACT_ALLOW" => ALLOW,
            "SCMP_ACT_LOG" => LOG,
            "SCMP_ACT_NOTIFY" => USER_NOTIF,
            _ => return Err(Error::Action(name.to_owned())),
        }))
    }

    /// Whether it needs somebody who listens.
    pub fn notifies(self) -> bool {
        self.0 == USER_NOTIF
    }

    /// Whether it answers with an errno.
    pub fn is_errno(self) -> bool {
        self.0 & 0xffff_0000 == ERRNO
    }
}
