//! Why a call failed, in gRPC's codes.

/// The codes of gRPC that containerd tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Nobody knows.
    Unknown = 2,
    /// The request makes no sense.
    InvalidArgument = 3,
    /// There is no such thing.
    NotFound = 5,
    /// It is there already.
    AlreadyExists = 6,
    /// Something is too large.
    ResourceExhausted = 8,
    /// It is not in a state for this.
    FailedPrecondition = 9,
    /// This is not offered.
    Unimplemented = 12,
    /// The server failed.
    Internal = 13,
}

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Of which kind.
    pub code: Code,
    /// In words.
    pub message: String,
}

impl Status {
    /// A failure in words.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}
