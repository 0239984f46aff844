//! How wire structs are declared, and the few types that JSON from Go needs.

use std::fmt;
use std::ops::Deref;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Declares wire structs: every field may be missing or `null` (Go's nil) and is then its default.
macro_rules! wire {
    ($($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $kind:ty,)* })*) => {$(
        #[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        $(#[$meta])*
        pub struct $name {
            $(
                #[serde(default, deserialize_with = "knarr_model::oci::null_default")]
                $(#[$field_meta])*
                pub $field: $kind,
            )*
        }
    )*};
}
pub(crate) use wire;

/// Prints an empty list or map as `null`, as Go does with a nil one.
pub(crate) fn null_when_empty<S, T>(value: &T, serializer: S) -> Result<S::Ok, S::Error>
where
    S: Serializer,
    T: Serialize + Default + PartialEq,
{
    if *value == T::default() { serializer.serialize_none() } else { value.serialize(serializer) }
}

/// Whether a value is its type's default: Go's `omitempty`.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Words of a command: written as a list, read from a list or one string (Go's `strslice.StrSlice`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Words(pub Vec<String>);

impl Deref for Words {
    type Target = Vec<String>;

    fn deref(&self) -> &Vec<String> {
        &self.0
    }
}

impl From<Vec<String>> for Words {
    fn from(words: Vec<String>) -> Self {
        Self(words)
    }
}

impl From<Words> for Vec<String> {
    fn from(words: Words) -> Self {
        words.0
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordsVisitor)
    }
}

struct WordsVisitor;

impl<'de> Visitor<'de> for WordsVisitor {
    type Value = Words;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of strings")
    }

    fn visit_str<E>(self, text: &str) -> Result<Words, E> {
        Ok(Words(vec![text.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Words, A::Error> {
        let mut words = Vec::new();
        while let Some(word) = list.next_element()? {
            words.push(word);
        }
        Ok(Words(words))
    }
}

/// A field that Docker always prints as `null`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Nothing;

impl Serialize for Nothing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_none()
    }
}

impl<'de> Deserialize<'de> for Nothing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_as_string_or_list() {
        assert_eq!(serde_json::from_str::<Words>(r#""sh""#).unwrap().0, ["sh"]);
        assert_eq!(serde_json::from_str::<Words>(r#"["sh","-c"]"#).unwrap().0, ["sh", "-c"]);
        assert!(serde_json::from_str::<Words>("7").is_err());
    }
}
