//! `--security-opt`.

use std::fs;

use serde_json::Value;

use crate::error::{Error, Result};

/// What the options mean on the wire.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct SecurityOptions {
    /// As they go to the daemon: a seccomp profile's text in place of its path.
    pub(crate) options: Vec<String>,
    /// `systempaths=unconfined`: no path is masked or read-only.
    pub(crate) open_paths: bool,
}

/// Reads all `--security-opt`.
pub(crate) fn security_options(list: &[String]) -> Result<SecurityOptions> {
    let mut out = SecurityOptions::default();
    for text in list {
        let split = text.split_once('=').or_else(|| text.split_once(':'));
        match split {
            Some(("systempaths", "unconfined")) => out.open_paths = true,
            Some(("seccomp", profile)) if !["unconfined", "builtin"].contains(&profile) => {
                out.options.push(format!("seccomp={}", profile_text(profile)?));
            }
            None if text != "no-new-privileges" => {
                return Err(Error::invalid(format!("Invalid --security-opt: {text:?}")));
            }
            _ => out.options.push(text.clone()),
        }
    }
    Ok(out)
}

fn profile_text(path: &str) -> Result<String> {
    let text = fs::read_to_string(path).map_err(|e| Error::io(format!("open the seccomp profile {path}"), e))?;
    let profile: Value = serde_json::from_str(&text)
        .map_err(|e| Error::invalid(format!("the seccomp profile {path} is not valid JSON: {e}")))?;
    Ok(profile.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options() {
        let list =
            ["no-new-privileges", "seccomp=unconfined", "systempaths=unconfined", "apparmor=x"].map(String::from);
        let read = security_options(&list).unwrap();
        assert!(read.open_paths);
        assert_eq!(read.options, ["no-new-privileges", "seccomp=unconfined", "apparmor=x"]);
        assert!(security_options(&["nope".into()]).is_err());
        assert!(security_options(&["seccomp=/nowhere/at/all".into()]).is_err());
    }
}
