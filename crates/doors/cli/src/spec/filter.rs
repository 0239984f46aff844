//! `--filter NAME=value`.

use std::collections::BTreeMap;

/// Name → the values that match.
pub(crate) type Filters = BTreeMap<String, BTreeMap<String, bool>>;

/// Reads one filter.
pub(crate) fn filter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("bad format of filter (expected name=value)")?;
    Ok((name.trim().to_lowercase(), value.trim().to_owned()))
}
