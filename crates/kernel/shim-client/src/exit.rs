//! How a process ended.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// As the shim tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// The exit code; 128 + n after signal n.
    pub code: i32,
    /// The signal that killed it, or 0.
    pub signal: u32,
    /// When: seconds since 1970.
    pub seconds: i64,
    /// And nanoseconds.
    pub nanoseconds: u32,
}

impl Exit {
    pub(crate) fn decode(payload: &[u8]) -> Option<Self> {
        let payload: &[u8; 20] = payload.try_into().ok()?;
        let word = |at: usize| payload[at..].first_chunk::<4>().copied();
        Some(Self {
            code: i32::from_le_bytes(word(0)?),
            signal: u32::from_le_bytes(word(4)?),
            seconds: i64::from_le_bytes(payload[8..].first_chunk::<8>().copied()?),
            nanoseconds: u32::from_le_bytes(word(16)?),
        })
    }

    #[cfg(test)]
    pub(crate) fn encode(&self) -> Vec<u8> {
        let (code, signal) = (self.code.to_le_bytes(), self.signal.to_le_bytes());
        [&code[..], &signal, &self.seconds.to_le_bytes(), &self.nanoseconds.to_le_bytes()].concat()
    }
}

/// As it lies on the disk, from before the process was reaped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitRecord {
    /// The `--start-id` of the shim: which start of the container this was the end of.
    pub start_id: String,
    /// The exit code; 128 + n after signal n.
    pub code: i32,
    /// The signal that killed it, or 0.
    pub signal: u32,
    /// When: RFC 3339 with nanoseconds.
    pub time: String,
}

/// The record at `path`; none where there is none (yet).
pub fn read_exit(path: &Path) -> Result<Option<ExitRecord>> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io(format!("read the exit record {}", path.display()), error)),
    };
    let record = serde_json::from_slice(&text);
    record.map(Some).map_err(|source| Error::Record { path: path.display().to_string(), source })
}
