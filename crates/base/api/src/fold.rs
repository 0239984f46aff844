//! Keys in any case, as Go's `encoding/json` reads them.

use std::fmt;

use serde::de::{DeserializeOwned, Visitor};
use serde::{Deserializer, de};
use serde_json::{Map, Value};

/// Reads a JSON request or response; the keys of its top level match in any case. An empty body reads as `{}`, which Docker
/// allows wherever every field has a default.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    let blank = bytes.iter().all(u8::is_ascii_whitespace);
    let mut value: Value = if blank { Value::Object(Map::new()) } else { serde_json::from_slice(bytes)? };
    if let Value::Object(map) = &mut value {
        fold(map, fields::<T>());
    }
    serde_json::from_value(value)
}

/// Renames each key that equals one of `names` but for its case; a key that is there in the right case wins.
pub(crate) fn fold(map: &mut Map<String, Value>, names: &[&str]) {
    let keys: Vec<String> = map.keys().filter(|key| !names.contains(&key.as_str())).cloned().collect();
    for key in keys {
        let Some(name) = names.iter().find(|name| name.eq_ignore_ascii_case(&key)) else { continue };
        if let Some(value) = map.remove(&key) {
            map.entry(*name).or_insert(value);
        }
    }
}

/// The wire names of a struct's fields; empty for anything that is not a plain struct.
pub(crate) fn fields<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut names: &'static [&'static str] = &[];
    // The probe always ends in an error: all that is wanted of it are the names.
    drop(T::deserialize(Probe(&mut names)));
    names
}

/// A deserializer that has nothing to give, and notes which fields it is asked for.
struct Probe<'a>(&'a mut &'static [&'static str]);

#[derive(Debug)]
struct Asked;

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("only asked for its fields")
    }
}

impl std::error::Error for Asked {}

impl de::Error for Asked {
    fn custom<T: fmt::Display>(_message: T) -> Self {
        Self
    }
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Asked;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Asked> {
        Err(Asked)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Asked> {
        *self.0 = fields;
        Err(Asked)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Takes one member out of an object and reads it with its own keys folded.
pub(crate) fn take<T, E>(map: &mut Map<String, Value>, key: &str) -> Result<T, E>
where
    T: DeserializeOwned + Default,
    E: de::Error,
{
    let Some(mut value) = map.remove(key).filter(|v| !v.is_null()) else { return Ok(T::default()) };
    if let Value::Object(inner) = &mut value {
        fold(inner, fields::<T>());
    }
    T::deserialize(value).map_err(|e| E::custom(format!("{key}: {e}")))
}

#[cfg(test)]
mod tests {
    use crate::exec;

    #[test]
    fn keys_match_in_any_case() {
        let start: exec::StartRequest = super::from_slice(br#"{"detach":true,"TTY":true,"Unknown":1}"#).unwrap();
        assert!(start.detach && start.tty);
        let both: exec::StartRequest = super::from_slice(br#"{"detach":true,"Detach":false}"#).unwrap();
        assert!(!both.detach);
        assert!(super::from_slice::<exec::StartRequest>(b" ").is_ok());
        assert!(super::from_slice::<exec::StartRequest>(b"{").is_err());
    }
}
