//! Query strings, read as Docker does: unknown keys ignored, truth values in many forms.

use std::collections::BTreeMap;

use axum::extract::FromRequestParts;
use http::request::Parts;
use knarr_engine::{Filters, Timestamp};
use knarr_model::{Fault, Result};

use crate::error::ApiError;

/// The parameters of a request; a repeated key keeps all its values.
#[derive(Debug, Default)]
pub(crate) struct Query(BTreeMap<String, Vec<String>>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

impl Query {
    fn parse(text: &str) -> Self {
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            all.entry(decode(key)).or_default().push(decode(value));
        }
        Self(all)
    }

    /// The first value of `key`, empty where there is none.
    pub(crate) fn text(&self, key: &str) -> &str {
        self.0.get(key).and_then(|values| values.first()).map_or("", String::as_str)
    }

    /// All values of `key`.
    pub(crate) fn all(&self, key: &str) -> &[String] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }

    /// Whether `key` is there, with or without a value.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Docker's truth: anything but nothing, `no`, `false`, `none` and `0`.
    pub(crate) fn flag(&self, key: &str) -> bool {
        !matches!(self.text(key).trim().to_ascii_lowercase().as_str(), "" | "0" | "no" | "false" | "none")
    }

    /// A flag that is on where the key is missing.
    pub(crate) fn flag_or_true(&self, key: &str) -> bool {
        !self.has(key) || self.flag(key)
    }

    /// A number; none where the key is missing or empty.
    pub(crate) fn number<T: std::str::FromStr>(&self, key: &str) -> Result<Option<T>> {
        match self.text(key) {
            "" => Ok(None),
            text => text
                .parse()
                .map(Some)
                .map_err(|_| Fault::invalid(format!("invalid value {text:?} for query parameter {key}"))),
        }
    }

    /// A point in time: seconds with a fraction, or RFC 3339. `0` and nothing are none.
    pub(crate) fn time(&self, key: &str) -> Result<Option<Timestamp>> {
        match self.text(key) {
            "" | "0" => Ok(None),
            text => Timestamp::parse_query(text)
                .map(Some)
                .ok_or_else(|| Fault::invalid(format!("invalid value {text:?} for query parameter {key}: not a time"))),
        }
    }

    /// The `filters` parameter.
    pub(crate) fn filters(&self) -> Result<Filters> {
        Filters::parse(self.text("filters"))
    }
}

/// `application/x-www-form-urlencoded` decoding; a broken escape stays as it is.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match (byte, escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(value)) => {
                out.push(value);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_truth_has_many_forms() {
        let query = Query::parse("a=1&b=%7B%22x%22%3A1%7D&c&t=a%2Bb+c&t=d&f=False&n=07&bad=%zz");
        assert_eq!(query.text("b"), r#"{"x":1}"#);
        assert_eq!(query.all("t"), ["a+b c", "d"]);
        assert!(query.flag("a") && !query.flag("c") && query.has("c") && !query.flag("f"));
        assert!(query.flag_or_true("missing"));
        assert_eq!(query.number::<u32>("n").unwrap(), Some(7));
        assert!(query.number::<u32>("t").is_err());
        assert_eq!(query.text("bad"), "%zz");
    }
}
