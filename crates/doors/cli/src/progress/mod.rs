//! Progress of long work: bars on a terminal, plain lines elsewhere, as Docker prints them.

mod bars;

use std::io::{IsTerminal, Write, stderr, stdout};

use knarr_api::image::Progress;
use serde_json::Value;

use crate::client::Lines;
use crate::error::{Error, Result};
use crate::output;

/// Where progress is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// To stdout.
    Stdout,
    /// To stderr.
    Stderr,
    /// Nowhere.
    Nowhere,
}

impl Target {
    fn is_terminal(self) -> bool {
        match self {
            Self::Stdout => stdout().is_terminal(),
            Self::Stderr => stderr().is_terminal(),
            Self::Nowhere => false,
        }
    }

    fn print(self, text: &str) -> Result {
        match self {
            Self::Stdout => output::text(text),
            Self::Stderr => {
                let safe = if stderr().is_terminal() { output::visible(text) } else { text.into() };
                stderr().write_all(safe.as_bytes()).map_err(|e| Error::io("write to stderr", e))
            }
            Self::Nowhere => Ok(()),
        }
    }
}

/// What a stream of progress gave.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    /// Its results (`aux`).
    pub(crate) results: Vec<Value>,
    /// What was not printed, because it went nowhere.
    pub(crate) unprinted: String,
}

/// Shows a stream of progress until its end; an error in the stream is the end.
pub(crate) async fn show(mut lines: Lines<Progress>, target: Target) -> Result<Shown> {
    let mut bars = target.is_terminal().then(|| bars::Bars::new(target));
    let mut shown = Shown::default();
    while let Some(line) = lines.next().await? {
        if let Some(error) = failure(&line) {
            return Err(error);
        }
        match &mut bars {
            Some(bars) => bars.show(&line)?,
            None if target == Target::Nowhere => shown.unprinted.push_str(&plain(&line)),
            None => target.print(&plain(&line))?,
        }
        shown.results.extend(line.aux);
    }
    Ok(shown)
}

fn failure(line: &Progress) -> Option<Error> {
    let detail = line.error_detail.clone().unwrap_or_default();
    let message = if detail.message.is_empty() { line.error.clone()? } else { detail.message };
    let code = u8::try_from(detail.code).ok().filter(|code| *code != 0).unwrap_or(1);
    Some(Error::Stream { message, code })
}

/// The line that Docker prints where there is no terminal; bytes done are left out.
fn plain(line: &Progress) -> String {
    if let Some(stream) = &line.stream {
        return stream.clone();
    }
    let moving = line.progress_detail.as_ref().is_some_and(|detail| detail.current > 0 || detail.total > 0);
    match (&line.status, &line.id) {
        (None, _) => String::new(),
        (Some(_), _) if moving => String::new(),
        (Some(status), Some(id)) if !id.is_empty() => format!("{id}: {status}\n"),
        (Some(status), _) => format!("{status}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Progress {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn plain_lines_are_dockers() {
        for (text, expected) in [
            (r#"{"status":"Pulling fs layer","progressDetail":{},"id":"abc"}"#, "abc: Pulling fs layer\n"),
            (r#"{"status":"Downloading","progressDetail":{"current":1,"total":2},"id":"abc"}"#, ""),
            (r#"{"status":"Digest: sha256:1"}"#, "Digest: sha256:1\n"),
            (r#"{"stream":"Step 1/2\n"}"#, "Step 1/2\n"),
            (r#"{"aux":{"ID":"x"}}"#, ""),
        ] {
            assert_eq!(plain(&line(text)), expected);
        }
    }

    #[test]
    fn errors_keep_their_code() {
        let failed = failure(&line(r#"{"errorDetail":{"code":7,"message":"no"},"error":"no"}"#)).unwrap();
        assert_eq!((failed.code(), failed.to_string().as_str()), (7, "no"));
        assert!(failure(&line(r#"{"status":"x"}"#)).is_none());
    }
}
