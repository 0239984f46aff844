//! `--chmod`: an octal mode, or changes as chmod(1) writes them.

use std::str::FromStr;

use serde::Serialize;

/// The mode that copied files and folders get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Mode {
    /// This one.
    Exact(u32),
    /// Their own one, changed: `u=rwX,go+r`.
    Changed(Vec<Change>),
}

/// One change: `u+x`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The permission bits of those whom it is about.
    who: u32,
    action: Action,
    /// What they get, as if it were for everybody.
    bits: u32,
    /// `X`: execution where it is a folder, or anybody may execute it already.
    execute_if_any: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
enum Action {
    Add,
    Remove,
    Set,
}

const EXECUTE: u32 = 0o111;
const SET_IDS: u32 = 0o6000;
const STICKY: u32 = 0o1000;

impl Mode {
    /// The mode of something that has `mode`.
    pub fn of(&self, mode: u32, is_folder: bool) -> u32 {
        match self {
            Self::Exact(mode) => *mode,
            Self::Changed(changes) => changes.iter().fold(mode, |mode, change| change.of(mode, is_folder)),
        }
    }
}

impl Change {
    fn of(self, mode: u32, is_folder: bool) -> u32 {
        let executable = self.execute_if_any && (is_folder || mode & EXECUTE != 0);
        let bits = (self.bits | if executable { EXECUTE } else { 0 }) & self.who;
        match self.action {
            Action::Add => mode | bits,
            Action::Remove => mode & !bits,
            // A folder keeps its set-id bits unless they are named, as with chmod(1).
            Action::Set => (mode & !(self.who & !if is_folder { SET_IDS } else { 0 })) | bits,
        }
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad =
            || format!("invalid chmod value {text:?}: must be an octal number up to 07777, or changes like u=rwX,go-w");
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o7777);
            return mode.map(Self::Exact).ok_or_else(bad);
        }
        let changes: Option<Vec<Vec<Change>>> = text.split(',').map(clause).collect();
        changes.map(|changes| Self::Changed(changes.concat())).ok_or_else(bad)
    }
}

/// `ug+r-w`: for some, one change after the other.
fn clause(text: &str) -> Option<Vec<Change>> {
    let start = text.find(['+', '-', '='])?;
    let who = text[..start].chars().try_fold(0, |who, c| Some(who | whom(c)?))?;
    let who = if who == 0 { whom('a')? } else { who };
    let mut changes: Vec<Change> = Vec::new();
    for c in text[start..].chars() {
        let action = match c {
            '+' => Some(Action::Add),
            '-' => Some(Action::Remove),
            '=' => Some(Action::Set),
            _ => None,
        };
        match (action, changes.last_mut()) {
            (Some(action), _) => changes.push(Change { who, action, bits: 0, execute_if_any: false }),
            (None, Some(change)) if c == 'X' => change.execute_if_any = true,
            (None, Some(change)) => change.bits |= permission(c)?,
            (None, None) => return None,
        }
    }
    Some(changes)
}

fn whom(c: char) -> Option<u32> {
    match c {
        'u' => Some(0o4700),
        'g' => Some(0o2070),
        'o' => Some(0o1007),
        'a' => Some(0o7777),
        _ => None,
    }
}

fn permission(c: char) -> Option<u32> {
    match c {
        'r' => Some(0o444),
        'w' => Some(0o222),
        'x' => Some(EXECUTE),
        's' => Some(SET_IDS),
        't' => Some(STICKY),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, mode: u32, is_folder: bool) -> u32 {
        text.parse::<Mode>().unwrap().of(mode, is_folder)
    }

    #[test]
    fn octal_modes_replace() {
        assert_eq!(of("0755", 0o600, false), 0o755);
        assert_eq!(of("4711", 0o600, true), 0o4711);
    }

    #[test]
    fn changes_are_chmods() {
        let table = [
            ("u+x", 0o644, false, 0o744),
            ("+x", 0o644, false, 0o755),
            ("a-w", 0o666, false, 0o444),
            ("u=rwX,go=rX", 0o600, false, 0o644),
            ("u=rwX,go=rX", 0o700, false, 0o755),
            ("u=rwX,go=rX", 0o2600, true, 0o2755),
            ("go=", 0o4777, false, 0o4700),
            ("u+s,o+t", 0o755, true, 0o5755),
            ("ug+r-w", 0o222, false, 0o442),
        ];
        for (text, mode, is_folder, expected) in table {
            assert_eq!(of(text, mode, is_folder), expected, "{text} {mode:o}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for bad in ["", "8", "+7", "17777", "u", "u+q", "z+x", "u+x,", "rwx", "u+x go-w"] {
            assert!(bad.parse::<Mode>().is_err(), "{bad}");
        }
    }
}
