//! What a verb did.

use std::process::ExitStatus;

use serde_json::Value;

/// The end of a verb.
#[derive(Debug)]
pub struct Outcome {
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The lines that it added to the log.
    pub log: Vec<Value>,
}

impl Outcome {
    /// The exit code.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// It must have succeeded; gives its output.
    pub fn ok(self) -> String {
        assert!(self.status.success(), "{}: {}", self.status, self.said());
        self.stdout
    }

    /// It must have failed; gives what it said.
    pub fn refused(self) -> String {
        assert!(!self.status.success(), "it succeeded: {}", self.stdout);
        self.said()
    }

    /// What it said, to its log and to standard error.
    pub fn said(&self) -> String {
        let messages = self.log.iter().filter_map(|line| line["msg"].as_str());
        messages.chain([self.stderr.as_str()]).collect::<Vec<_>>().join("\n")
    }
}
