//! `--name=value` in front of an instruction's arguments.

use super::lines::{At, Line};
use super::problem::nearest;
use super::{Position, Problem, words};

/// A flag as it is written.
pub(super) struct Flag {
    pub at: Position,
    pub name: String,
    pub value: Option<String>,
}

/// The flags of one instruction, taken out one after the other.
pub(super) struct Flags {
    instruction: &'static str,
    flags: Vec<Flag>,
}

impl Flags {
    /// Splits the flags off the arguments that begin at `start` of the line; returns them and where the rest begins.
    pub fn read(line: &Line, start: usize, instruction: &'static str, escape: char) -> (Self, usize) {
        let mut flags = Vec::new();
        let mut rest = line.text.len();
        for word in words::split(&line.text[start..], escape) {
            let Some(text) = word.text.strip_prefix("--").filter(|text| !text.is_empty()) else {
                rest = start + word.offset + if word.text == "--" { 2 } else { 0 };
                break;
            };
            let text = words::unquote(text, escape);
            let (name, value) = match text.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (text, None),
            };
            flags.push(Flag { at: line.at(start + word.offset), name, value });
        }
        (Self { instruction, flags }, rest)
    }

    /// The value of a flag that may stand once.
    pub fn value(&mut self, name: &str) -> At<Option<String>> {
        Ok(self.placed(name)?.map(|(_, value)| value))
    }

    /// The same, with the flag's place.
    pub fn placed(&mut self, name: &str) -> At<Option<(Position, String)>> {
        let mut all = self.values(name)?;
        match all.len() {
            0 | 1 => Ok(all.pop()),
            _ => Err((all[1].0, Problem::RepeatedFlag(name.to_owned()))),
        }
    }

    /// The values of a flag that may stand often.
    pub fn values(&mut self, name: &str) -> At<Vec<(Position, String)>> {
        let found: Vec<Flag> = self.flags.extract_if(.., |flag| flag.name == name).collect();
        let value = |flag: Flag| match &flag.value {
            Some(value) => Ok((flag.at, value.clone())),
            None => Err((flag.at, bad_value(&flag, "a value is required, as in --flag=value"))),
        };
        found.into_iter().map(value).collect()
    }

    /// A switch: `--name`, `--name=true` or `--name=false`.
    pub fn switch(&mut self, name: &str) -> At<bool> {
        let mut on = false;
        for flag in self.flags.extract_if(.., |flag| flag.name == name) {
            on = match flag.value.as_deref() {
                None | Some("true" | "1") => true,
                Some("false" | "0") => false,
                Some(_) => return Err((flag.at, bad_value(&flag, "must be true or false"))),
            };
        }
        Ok(on)
    }

    /// Every flag must have been taken; what is left is unknown.
    pub fn end(&self, known: &[&'static str]) -> At<()> {
        let Some(flag) = self.flags.first() else { return Ok(()) };
        let suggestion = nearest(&flag.name, known);
        Err((flag.at, Problem::UnknownFlag { instruction: self.instruction, flag: flag.name.clone(), suggestion }))
    }
}

fn bad_value(flag: &Flag, reason: &'static str) -> Problem {
    Problem::FlagValue { flag: flag.name.clone(), value: flag.value.clone().unwrap_or_default(), reason }
}
