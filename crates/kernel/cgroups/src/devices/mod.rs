//! Which device nodes a container may use.
//!
//! A list always starts from "nothing" (flaw row 12), and ends with the devices that every container has
//! ([`default_rules`]). Rules are read in order: a later one wins over an earlier one. v1 takes them as writes
//! ([`v1_writes`]), v2 as a program ([`program()`]) that says the same.

mod program;

use knarr_spec::DeviceRule;

pub use program::program;

use crate::{Error, Result, Write};

/// mknod(2), open for reading, open for writing: as `BPF_DEVCG_ACC_*`.
pub(crate) const MKNOD: u8 = 1;
pub(crate) const READ: u8 = 2;
pub(crate) const WRITE: u8 = 4;

/// Block or character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Block device.
    Block,
    /// Character device.
    Character,
}

/// A rule, checked. None is "any".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Whether it grants.
    pub allow: bool,
    /// Block, character, or both.
    pub kind: Option<Kind>,
    /// Major number.
    pub major: Option<u32>,
    /// Minor number.
    pub minor: Option<u32>,
    /// Bits 1 (mknod), 2 (read), 4 (write).
    pub access: u8,
}

/// The devices of every container: null, zero, full, random, urandom, tty, console, ptmx and ptys.
pub fn default_rules() -> Vec<DeviceRule> {
    let one = |major: i64, minor: Option<i64>| DeviceRule {
        allow: true,
        kind: "c".to_owned(),
        major: Some(major),
        minor,
        access: "rwm".to_owned(),
    };
    let fixed = [(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2)];
    fixed.iter().map(|(major, minor)| one(*major, Some(*minor))).chain([one(136, None)]).collect()
}

/// The whole list for a container: deny all, what was asked, the defaults.
pub fn effective(asked: &[DeviceRule]) -> Result<Vec<Rule>> {
    let deny_all = Rule { allow: false, kind: None, major: None, minor: None, access: MKNOD | READ | WRITE };
    let mut rules = vec![deny_all];
    for rule in asked.iter().chain(&default_rules()) {
        rules.push(Rule::parse(rule)?);
    }
    Ok(rules)
}

impl Rule {
    fn parse(rule: &DeviceRule) -> Result<Self> {
        let kind = match rule.kind.as_str() {
            "" | "a" => None,
            "b" => Some(Kind::Block),
            "c" | "u" => Some(Kind::Character),
            other => return Err(invalid(format!("{other:?} is no kind of device"))),
        };
        let access = if rule.access.is_empty() { "rwm" } else { &rule.access };
        Ok(Self {
            allow: rule.allow,
            kind,
            major: number(rule.major)?,
            minor: number(rule.minor)?,
            access: access.chars().try_fold(0, |bits, c| Ok(bits | bit(c)?))?,
        })
    }

    /// Whether it speaks about everything there is.
    fn is_total(&self) -> bool {
        self.kind.is_none() && self.major.is_none() && self.minor.is_none() && self.access == MKNOD | READ | WRITE
    }

    /// As v1 reads it: `c 1:3 rwm`.
    fn text(&self, kind: char) -> String {
        let number = |value: Option<u32>| value.map_or("*".to_owned(), |v| v.to_string());
        let letters = [(READ, 'r'), (WRITE, 'w'), (MKNOD, 'm')];
        let access: String = letters.iter().filter(|(bit, _)| self.access & bit != 0).map(|(_, c)| *c).collect();
        format!("{kind} {}:{} {access}", number(self.major), number(self.minor))
    }
}

fn invalid(why: String) -> Error {
    Error::Limit("devices", why)
}

fn number(value: Option<i64>) -> Result<Option<u32>> {
    match value {
        None | Some(-1) => Ok(None),
        Some(v) => u32::try_from(v).map(Some).map_err(|_| invalid(format!("{v} is no device number"))),
    }
}

fn bit(letter: char) -> Result<u8> {
    match letter {
        'r' => Ok(READ),
        'w' => Ok(WRITE),
        'm' => Ok(MKNOD),
        other => Err(invalid(format!("{other:?} is no kind of access"))),
    }
}

/// The list as writes to `devices.deny` and `devices.allow`. v1 knows "everything" only as type `a`, so a rule for
/// both kinds of some number becomes two writes.
pub fn v1_writes(asked: &[DeviceRule]) -> Result<Vec<Write>> {
    let mut writes = Vec::new();
    for rule in effective(asked)? {
        let file = if rule.allow { "devices.allow" } else { "devices.deny" };
        let kinds: &[char] = match rule.kind {
            None if rule.is_total() => &['a'],
            None => &['b', 'c'],
            Some(Kind::Block) => &['b'],
            Some(Kind::Character) => &['c'],
        };
        writes.extend(kinds.iter().map(|kind| Write::limit("devices", file, rule.text(*kind))));
    }
    Ok(writes)
}

#[cfg(test)]
mod tests;
