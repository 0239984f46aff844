//! `NAME=value` lists: labels, options, annotations.

use std::collections::BTreeMap;
use std::fs;

use crate::error::{Error, Result};

/// One `NAME=value`; without `=` the value is empty.
pub(crate) fn pair(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (name.to_owned(), value.to_owned())
}

/// A map of them; the last one of a name wins.
pub(crate) fn pairs(list: &[String]) -> BTreeMap<String, String> {
    list.iter().map(|text| pair(text)).collect()
}

/// Reads one `--label`.
pub(crate) fn label(text: &str) -> Result<String, String> {
    match text.is_empty() || text.starts_with('=') {
        true => Err(format!("invalid label '{text}': empty name")),
        false => Ok(text.to_owned()),
    }
}

/// Labels of files, then of flags.
pub(crate) fn labels(files: &[String], flags: &[String]) -> Result<BTreeMap<String, String>> {
    let mut out = BTreeMap::new();
    for path in files {
        let text = fs::read_to_string(path).map_err(|e| Error::io(format!("open {path}"), e))?;
        let lines = super::env::parse(&text, |_| Some(String::new()));
        let lines = lines.map_err(|reason| Error::invalid(format!("invalid label file ({path}): {reason}")))?;
        out.extend(pairs(&lines));
    }
    out.extend(pairs(flags));
    Ok(out)
}
