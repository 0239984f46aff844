//! Why a profile is refused.

use knarr_model::{Fault, Kind};

/// A result with an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a filter could not be made; completes "cannot …".
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Everything would be asked.
    #[error("use SCMP_ACT_NOTIFY as the default action: the program could not even be started")]
    NotifyAll,
    /// The call by which a listener gets its descriptor would be asked.
    #[error("use SCMP_ACT_NOTIFY for sendmsg: by it the listener gets its descriptor")]
    NotifySendmsg,
    /// Notifications without somebody who listens.
    #[error("use SCMP_ACT_NOTIFY: the profile has no listenerPath")]
    NoListener,
    /// The text is no profile.
    #[error("read the seccomp profile")]
    Json(#[source] serde_json::Error),
    /// An action that there is not.
    #[error("use the seccomp action {0:?}: it is unknown")]
    Action(String),
    /// An architecture that there is not.
    #[error("use the seccomp architecture {0:?}: it is unknown")]
    Architecture(String),
    /// A comparison that there is not.
    #[error("use the seccomp comparison {0:?}: it is unknown")]
    Comparison(String),
    /// A flag that there is not.
    #[error("use the seccomp flag {0:?}: it is unknown")]
    Flag(String),
    /// A system call has six arguments.
    #[error("test argument {0} of a system call: there are 0 to 5")]
    Argument(u32),
    /// An errno is at most 4095.
    #[error("answer with errno {0}: it is above 4095")]
    Errno(u32),
    /// Only some actions have an errno.
    #[error("use the seccomp action {0:?} with an errno: only SCMP_ACT_ERRNO and SCMP_ACT_TRACE have one")]
    NoErrno(String),
    /// A profile with both or neither of two fields that exclude each other.
    #[error("read the seccomp profile: {0}")]
    Profile(&'static str),
    /// The kernel takes at most 4096 instructions.
    #[error("make a filter of {0} instructions: the kernel takes at most 4096")]
    TooLong(usize),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let fault = Fault::new(Kind::Invalid, format!("cannot {error}"));
        match error {
            Error::Json(source) => fault.because(source),
            _ => fault,
        }
    }
}
