//! `-e` and `--env-file`.

use std::env;
use std::fs;

use crate::error::{Error, Result};

/// The environment of files, then of flags.
pub(crate) fn environment(files: &[String], flags: &[String]) -> Result<Vec<String>> {
    let mut out = Vec::new();
    for file in files {
        out.extend(read_file(file)?);
    }
    out.extend_from_slice(flags);
    Ok(out)
}

/// Reads one `-e`. A name alone takes its value from our own environment; one that is not there is passed on and removes the image's.
pub(crate) fn variable(text: &str) -> Result<String, String> {
    if text.is_empty() || text.starts_with('=') {
        return Err(format!("invalid environment variable: {text}"));
    }
    Ok(match (text.contains('='), env::var(text)) {
        (false, Ok(value)) => format!("{text}={value}"),
        _ => text.to_owned(),
    })
}

fn read_file(path: &str) -> Result<Vec<String>> {
    let text = fs::read_to_string(path).map_err(|e| Error::io(format!("open {path}"), e))?;
    parse(&text, |name| env::var(name).ok())
        .map_err(|reason| Error::invalid(format!("invalid env file ({path}): {reason}")))
}

/// Lines `NAME=value` and `NAME`; comments and empty lines are skipped.
pub(super) fn parse(text: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<Vec<String>, String> {
    let mut out = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for line in text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, value) = line.split_once('=').map_or((line.trim_end(), None), |(name, value)| (name, Some(value)));
        if name.is_empty() {
            return Err(format!("no variable name on line '{line}'"));
        }
        if name.contains(char::is_whitespace) {
            return Err(format!("variable '{name}' contains whitespaces"));
        }
        match value {
            Some(value) => out.push(format!("{name}={value}")),
            None => out.extend(lookup(name).map(|value| format!("{name}={value}"))),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files() {
        let lookup = |name: &str| (name == "HERE").then(|| "yes".to_owned());
        let text = "\u{feff}A=1\n # comment\n\n  B= two words \nC=x=y\nHERE\nABSENT\nD=\n";
        assert_eq!(parse(text, lookup).unwrap(), ["A=1", "B= two words ", "C=x=y", "HERE=yes", "D="]);
        assert_eq!(parse("a b=1", lookup).unwrap_err(), "variable 'a b' contains whitespaces");
        assert_eq!(parse("=1", lookup).unwrap_err(), "no variable name on line '=1'");
    }

    #[test]
    fn flags() {
        assert_eq!(variable("A=1").unwrap(), "A=1");
        assert_eq!(variable("SURELY_NOT_SET_9").unwrap(), "SURELY_NOT_SET_9");
        assert_eq!(variable("=1").unwrap_err(), "invalid environment variable: =1");
    }
}
