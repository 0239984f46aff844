//! `--attach`.

/// Reads the name of a stream.
pub(crate) fn stream(text: &str) -> Result<String, String> {
    match text.to_ascii_lowercase() {
        name if ["stdin", "stdout", "stderr"].contains(&name.as_str()) => Ok(name),
        _ => Err("valid streams are STDIN, STDOUT and STDERR".into()),
    }
}
