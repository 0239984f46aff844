//! Container identifiers and names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A container's id: 64 lower-case hex digits, random.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContainerId(String);

/// Why a text is not an id.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("invalid id {0:?}: must be 64 lower-case hex digits")]
pub struct IdError(pub String);

impl ContainerId {
    /// A fresh random id. Ids whose first 12 digits are all decimal are avoided, because the short id is the
    /// default host name and some programs refuse an all-numeric one.
    pub fn random() -> Self {
        loop {
            let mut bytes = [0u8; 32];
            if getrandom::fill(&mut bytes).is_err() {
                continue;
            }
            let text: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
            if !text[..12].bytes().all(|b| b.is_ascii_digit()) {
                return Self(text);
            }
        }
    }

    /// The 64 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 12 digits.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl FromStr for ContainerId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let valid = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if valid { Ok(Self(text.to_owned())) } else { Err(IdError(text.chars().take(80).collect())) }
    }
}

impl TryFrom<String> for ContainerId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<ContainerId> for String {
    fn from(id: ContainerId) -> String {
        id.0
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether `name` may name a container or a volume: as [`valid_word`], of two characters at least, as Docker has it.
pub fn valid_name(name: &str) -> bool {
    name.len() > 1 && valid_word(name)
}

/// Whether `word` may name a network: `[a-zA-Z0-9][a-zA-Z0-9_.-]*`, so that it can never be a path (flaw row 24).
pub fn valid_word(word: &str) -> bool {
    let mut bytes = word.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_alphanumeric());
    first && word.len() <= 255 && bytes.all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_random_and_parse_again() {
        let id = ContainerId::random();
        assert_ne!(id, ContainerId::random());
        assert_eq!(id.as_str().parse::<ContainerId>().unwrap(), id);
    }

    #[test]
    fn names_are_never_paths() {
        assert!(valid_name("web_1.a-b"));
        for bad in ["", "a", "../x", "a/b", "-a", ".hidden", "a b", "a\n", &"a".repeat(256)] {
            assert!(!valid_name(bad), "{bad}");
            assert_eq!(valid_word(bad), bad == "a", "{bad}");
        }
    }
}
