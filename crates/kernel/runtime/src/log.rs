//! The `--log` file: where callers read why a verb failed.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use crate::{Error, time};

/// Where errors go besides standard error.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// The file, appended to.
    pub path: Option<PathBuf>,
    /// JSON lines instead of text.
    pub json: bool,
}

impl Log {
    /// Writes an error: to the log where there is one, because standard error is the container's, which its user reads; else to
    /// standard error. A log that cannot be written does not hide the error.
    pub fn error(&self, error: &Error) {
        let text = error.full();
        let Some(path) = &self.path else { return eprintln!("{text}") };
        let line = self.line(&text);
        let written = OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .and_then(|mut file| file.write_all(line.as_bytes()));
        if let Err(reason) = written {
            eprintln!("{text}\ncannot write the log {}: {reason}", path.display());
        }
    }

    fn line(&self, text: &str) -> String {
        let time = time::now();
        if self.json {
            let object = serde_json::json!({ "level": "error", "msg": text, "time": time });
            format!("{object}\n")
        } else {
            format!("time=\"{time}\" level=error msg={text:?}\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_lines_parse_again() {
        let log = Log { path: None, json: true };
        let value: serde_json::Value = serde_json::from_str(&log.line("exec: \"nope\": gone")).unwrap();
        assert_eq!(value["level"], "error");
        assert_eq!(value["msg"], "exec: \"nope\": gone");
    }
}
