//! Fuzz targets: functions of bytes that panic where a promise is broken.
//!
//! ```text
//! corpus/<target>/*  ──┬─▶ tests/replay.rs: every input and a fixed number of changed ones (cargo test)
//!                      └─▶ libfuzzer/: new inputs, guided by coverage (cargo xtask fuzz)
//! ```
//!
//! A target checks more than that nothing panics: a program against the plain meaning of its policy, a parser against a
//! writer, a decoder against an encoder. What breaks a promise once stays in the corpus.
#![forbid(unsafe_code)]

mod bytes;
mod json;
mod numbers;
mod targets;

pub use numbers::Numbers;
pub use targets::TARGETS;

/// A function of bytes that panics where a promise is broken.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Also the name of its folder in the corpus.
    pub name: &'static str,
    /// What it tries.
    pub run: fn(&[u8]),
    /// What its inputs look like.
    pub form: Form,
}

/// What inputs look like: how they are best changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Any bytes.
    Bytes,
    /// A JSON document.
    Json,
}

impl Target {
    /// A changed input; pieces of `other` may appear in it.
    pub fn mutate(&self, numbers: &mut Numbers, input: &[u8], other: &[u8]) -> Vec<u8> {
        let document = (self.form == Form::Json && numbers.below(4) > 0).then(|| json::mutate(numbers, input));
        document.flatten().unwrap_or_else(|| bytes::mutate(numbers, input, other))
    }
}

/// The target of this name.
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
