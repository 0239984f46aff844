//! One record of a log.

use bytes::Bytes;
use knarr_shim_client::LogForm;
use serde::Deserialize;

use super::LogOptions;
use super::form::LENGTH;
use crate::Timestamp;
use crate::streams::{Source, framed};

/// What was written at once, at most 16 KiB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    line: Vec<u8>,
    source: Source,
    time: Time,
}

/// As it was written; text is understood only where it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Time {
    Text(String),
    Moment(Timestamp),
}

/// An object of a json-file.
#[derive(Deserialize)]
struct Object {
    log: String,
    stream: String,
    time: String,
}

impl Entry {
    /// A record that does not parse (the last one of a file that a power cut shortened) is none.
    pub(super) fn parse(form: LogForm, record: &[u8]) -> Option<Self> {
        match form {
            LogForm::JsonFile => {
                let Object { log, stream, time } = serde_json::from_slice(record).ok()?;
                let source = if stream == "stderr" { Source::Stderr } else { Source::Stdout };
                Some(Self { line: log.into_bytes(), source, time: Time::Text(time) })
            }
            LogForm::Local => {
                let (stream, rest) = record.get(LENGTH..)?.split_first()?;
                let (seconds, rest) = rest.split_first_chunk()?;
                let (nanoseconds, line) = rest.split_first_chunk()?;
                let time = Timestamp::from_unix(i64::from_le_bytes(*seconds), u32::from_le_bytes(*nanoseconds));
                let source = if *stream == 2 { Source::Stderr } else { Source::Stdout };
                Some(Self { line: line.to_vec(), source, time: Time::Moment(time) })
            }
        }
    }

    pub(super) fn time(&self) -> Timestamp {
        match &self.time {
            Time::Text(text) => text.parse().unwrap_or_default(),
            Time::Moment(time) => *time,
        }
    }

    /// Whether stream and time are asked for.
    pub(super) fn wanted(&self, options: &LogOptions) -> bool {
        let stream = if self.source == Source::Stderr { options.stderr } else { options.stdout };
        stream && options.since.is_none_or(|since| self.time() >= since)
    }

    /// As a client gets it.
    pub(super) fn render(&self, timestamps: bool, raw: bool) -> Bytes {
        if !timestamps {
            return framed(self.source, &self.line, raw);
        }
        let time = match &self.time {
            Time::Text(text) => text.clone(),
            Time::Moment(time) => time.with_all_digits(),
        };
        framed(self.source, &[time.as_bytes(), b" ", &self.line].concat(), raw)
    }
}
