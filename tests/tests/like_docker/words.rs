//! Command lines out of a list.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::normal::Said;

/// One command line.
pub struct Line {
    /// As it stands in the list.
    pub text: String,
    pub words: Vec<String>,
    pub stdin: Option<String>,
    /// Standard error may differ.
    worded_otherwise: bool,
}

impl Line {
    /// Whether both answers are alike.
    pub fn same(&self, theirs: &Said, ours: &Said) -> bool {
        let stderr = match self.worded_otherwise {
            true => !theirs.stderr.is_empty() && !ours.stderr.is_empty(),
            false => theirs.stderr == ours.stderr,
        };
        stderr && theirs.code == ours.code && theirs.stdout == ours.stdout
    }
}

/// Reads a line of a list; none for what is empty or a remark.
pub fn line(text: &str) -> Option<Line> {
    if text.trim().is_empty() || text.starts_with('#') {
        return None;
    }
    let (worded_otherwise, rest) = text.strip_prefix('~').map_or((false, text), |rest| (true, rest));
    let (rest, stdin) = rest.split_once(" < ").map_or((rest, None), |(rest, stdin)| (rest, Some(stdin.to_owned())));
    Some(Line { text: text.to_owned(), words: split(rest), stdin, worded_otherwise })
}

fn split(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut begun) = (Vec::new(), String::new(), false, false);
    for c in text.chars() {
        match c {
            '\'' => (quoted, begun) = (!quoted, true),
            ' ' if !quoted => {
                if std::mem::take(&mut begun) {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

/// Runs a command with this at its stdin.
pub fn run(mut command: Command, stdin: Option<&str>) -> Output {
    let Some(input) = stdin else { return command.output().unwrap() };
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // One that does not want it may have ended.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}
