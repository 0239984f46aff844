//! One line of a json-file.

use bytes::Bytes;
use serde::Deserialize;

use super::LogOptions;
use crate::Timestamp;
use crate::streams::{Source, framed};

/// What was written at once, at most 16 KiB.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Entry {
    log: String,
    stream: String,
    time: String,
}

impl Entry {
    /// A line that does not parse (the last one of a file that a power cut shortened) is none.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }

    pub(super) fn time(&self) -> Timestamp {
        self.time.parse().unwrap_or_default()
    }

    /// Whether stream and time are asked for.
    pub(super) fn wanted(&self, options: &LogOptions) -> bool {
        let stream = if self.stream == "stderr" { options.stderr } else { options.stdout };
        stream && options.since.is_none_or(|since| self.time() >= since)
    }

    /// As a client gets it.
    pub(super) fn render(&self, timestamps: bool, raw: bool) -> Bytes {
        let source = if self.stream == "stderr" { Source::Stderr } else { Source::Stdout };
        if timestamps {
            return framed(source, format!("{} {}", self.time, self.log).as_bytes(), raw);
        }
        framed(source, self.log.as_bytes(), raw)
    }
}
