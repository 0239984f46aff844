//! The words of the shim's protocol, shared by both ends (see docs/decisions/0001): an 8-byte head
//! `[type, 0, 0, 0, length as u32 little-endian]`, then the payload.

/// Bytes of a head.
pub const HEAD: usize = 8;
/// The most bytes of a payload.
pub const MOST: usize = 32 * 1024;

/// What a client asks for in its hello.
pub mod want {
    /// It will send input.
    pub const STDIN: u32 = 1;
    /// It wants the standard output.
    pub const STDOUT: u32 = 2;
    /// It wants the standard error.
    pub const STDERR: u32 = 4;
    /// It wants to hear that the process has started.
    pub const EVENTS: u32 = 8;
}

/// Client to shim.
pub mod ask {
    /// u32 of [`super::want`].
    pub const HELLO: u8 = 1;
    /// Bytes.
    pub const STDIN: u8 = 2;
    /// Nothing.
    pub const STDIN_END: u8 = 3;
    /// u16 rows, u16 columns.
    pub const RESIZE: u8 = 4;
    /// u32 number, u32 1 for the whole process group.
    pub const SIGNAL: u8 = 5;
    /// Nothing; the first client only.
    pub const GO: u8 = 6;
    /// Nothing.
    pub const ROTATE: u8 = 7;
}

/// Shim to client.
pub mod tell {
    /// u32 pid.
    pub const STARTED: u8 = 1;
    /// Bytes.
    pub const STDOUT: u8 = 2;
    /// Bytes.
    pub const STDERR: u8 = 3;
    /// i32 code, u32 signal or 0, i64 seconds, u32 nanoseconds.
    pub const EXITED: u8 = 4;
    /// i32 exit code of the runtime.
    pub const FAILED: u8 = 5;
    /// i32 errno.
    pub const ANSWER: u8 = 6;
}

/// The head of a payload of `length` bytes.
pub const fn head(kind: u8, length: u32) -> [u8; HEAD] {
    let [a, b, c, d] = length.to_le_bytes();
    [kind, 0, 0, 0, a, b, c, d]
}

/// Type and length of a head, if it is well formed and within [`MOST`].
pub const fn read_head(bytes: [u8; HEAD]) -> Option<(u8, usize)> {
    let [kind, 0, 0, 0, a, b, c, d] = bytes else { return None };
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if length <= MOST { Some((kind, length)) } else { None }
}
