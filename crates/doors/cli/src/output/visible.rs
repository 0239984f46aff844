//! Printing: never a panic on a closed pipe, never a control byte on a terminal (flaw row 44, CVE-2021-25743).

use std::borrow::Cow;
use std::io::{IsTerminal, Write, stderr, stdout};

use crate::error::{Error, Result};

/// Prints a line to stdout.
pub(crate) fn line(line: impl AsRef<str>) -> Result {
    text(&format!("{}\n", line.as_ref()))
}

/// Prints text to stdout; a closed pipe ends the program quietly.
pub(crate) fn text(text: &str) -> Result {
    let safe = if stdout().is_terminal() { visible(text) } else { Cow::Borrowed(text) };
    write(&safe)
}

/// Prints a document to stdout as JSON, for people and programs.
pub(crate) fn document(document: &impl serde::Serialize) -> Result {
    // Documents of the API have string keys only, so that writing them cannot fail.
    line(serde_json::to_string_pretty(document).unwrap_or_default())
}

/// Prints text to stdout; on a terminal, unless NO_COLOR is set, with the colours that `paint` adds.
pub(crate) fn painted(text: &str, paint: impl FnOnce(&str) -> String) -> Result {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if plain || !stdout().is_terminal() {
        return self::text(text);
    }
    write(&paint(&visible(text)))
}

fn write(safe: &str) -> Result {
    let mut out = stdout().lock();
    match out.write_all(safe.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Err(Error::Silent(141)),
        Err(error) => Err(Error::io("write to stdout", error)),
    }
}

/// Prints a line to stderr; where that is closed, nobody reads it.
pub(crate) fn complain(text: impl AsRef<str>) {
    let text = text.as_ref();
    let safe = if stderr().is_terminal() { visible(text) } else { Cow::Borrowed(text) };
    let _ = writeln!(stderr(), "{safe}");
}

/// Text whose control characters, but newline and tab, are written as escapes.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let escaped = text.chars().map(|c| if hidden(c) { c.escape_default().to_string() } else { c.to_string() });
    Cow::Owned(escaped.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_visible() {
        assert_eq!(visible("a\tb\n"), "a\tb\n");
        assert_eq!(visible("\u{1b}[2J\u{9b}x"), "\\u{1b}[2J\\u{9b}x");
    }
}
