//! Why a program could not be started.

use std::fs;

use knarr_model::{Fault, Kind};
use serde::Deserialize;

use crate::Engine;
use crate::containers::Record;

/// Docker's words around what its runtime says; clients look for the end of it.
const FRAME: &str = "failed to create task for container: failed to create shim task: OCI runtime create failed";

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    level: String,
    #[serde(default)]
    msg: String,
}

/// From the runtime's log of this run.
pub(crate) fn why(engine: &Engine, record: &Record) -> Fault {
    let path = engine.roots.exec("shims").join(record.id.as_str()).join("runtime.log");
    let said = last_error(&path).unwrap_or_else(|| "the runtime failed without a word".to_owned());
    let kind = if exit_code(&said) == 128 { Kind::Internal } else { Kind::Invalid };
    Fault::new(kind, format!("{FRAME}: {said}"))
}

/// The last error in a runtime's log.
pub(crate) fn last_error(path: &std::path::Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let mut latest = text.lines().rev().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    latest.find(|line| matches!(line.level.as_str(), "error" | "fatal")).map(|line| line.msg)
}

/// 127 where the program, or a place of it, is not there; 126 where it cannot be run; 128 for everything else.
pub(crate) fn exit_code(said: &str) -> i32 {
    const MISSING: [&str; 4] = [
        "executable file not found",
        "no such file or directory",
        "not a directory",
        "system cannot find the file specified",
    ];
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if has(&MISSING) {
        127
    } else if has(&["permission denied", "is a directory", "exec format error"]) {
        126
    } else {
        128
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_dockers() {
        assert_eq!(exit_code(r#"exec: "nope": executable file not found in $PATH"#), 127);
        assert_eq!(exit_code(r#"chdir to cwd ("/etc/passwd") set in config.json failed: not a directory"#), 127);
        assert_eq!(exit_code(r#"exec: "/etc": is a directory"#), 126);
        assert_eq!(exit_code("no space left"), 128);
    }

    #[test]
    fn the_last_error_of_the_log_is_the_reason() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("runtime.log");
        fs::write(&path, "noise\n{\"level\":\"warning\",\"msg\":\"a\"}\n{\"level\":\"error\",\"msg\":\"b\"}\n")
            .unwrap();
        assert_eq!(last_error(&path).as_deref(), Some("b"));
    }
}
