//! The `--log` file: where callers read why a verb failed.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use crate::{Error, time};

/// Where errors go.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// The file, appended to.
    pub path: Option<PathBuf>,
    /// JSON lines instead of text.
    pub json: bool,
    /// Whether what is done is told too.
    pub debug: bool,
}

impl Log {
    /// Writes an error: to the log where there is one, because standard error is the container's, which its user reads; else to
    /// standard error. A log that cannot be written does not hide the error.
    pub fn error(&self, error: &Error) {
        match &self.path {
            Some(_) => self.put("error", &error.full()),
            None => eprintln!("{}", error.full()),
        }
    }

    /// Writes what went wrong without being an error.
    pub fn warn(&self, text: &str) {
        self.put("warning", text);
    }

    /// Writes what is being done, where that is wanted.
    pub fn debug(&self, text: impl FnOnce() -> String) {
        if self.debug {
            self.put("debug", &text());
        }
    }

    fn put(&self, level: &str, text: &str) {
        let line = self.line(level, text);
        let Some(path) = &self.path else { return eprint!("{line}") };
        let written = OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .and_then(|mut file| file.write_all(line.as_bytes()));
        if let Err(reason) = written {
            eprintln!("{text}\ncannot write the log {}: {reason}", path.display());
        }
    }

    fn line(&self, level: &str, text: &str) -> String {
        let time = time::now();
        if self.json {
            let object = serde_json::json!({ "level": level, "msg": text, "time": time });
            format!("{object}\n")
        } else {
            format!("time=\"{time}\" level={level} msg={text:?}\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_lines_parse_again() {
        let log = Log { json: true, ..Log::default() };
        let value: serde_json::Value = serde_json::from_str(&log.line("error", "exec: \"nope\": gone")).unwrap();
        assert_eq!(value["level"], "error");
        assert_eq!(value["msg"], "exec: \"nope\": gone");
    }
}
