//! Asking the user.

use std::io::{BufRead, IsTerminal, Write, stderr, stdin};

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use crate::error::{Error, Result};

/// Asks for a line.
pub(crate) fn ask(question: &str) -> Result<String> {
    // The question is for people; where stderr is closed nobody reads it.
    let _ = write!(stderr(), "{question}").and_then(|()| stderr().flush());
    read_answer()
}

/// Reads a line, however it was asked for.
pub(crate) fn read_answer() -> Result<String> {
    let mut line = String::new();
    stdin().lock().read_line(&mut line).map_err(|e| Error::io("read the answer from stdin", e))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Asks for a line that is not shown while it is typed.
pub(crate) fn ask_secretly(question: &str) -> Result<String> {
    if !stdin().is_terminal() {
        return Err(Error::invalid(
            "Error: Cannot perform an interactive login from a non TTY device: use --password-stdin",
        ));
    }
    let before = tcgetattr(stdin()).map_err(|e| Error::io("read the terminal's mode", e.into()))?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    let set = |mode| {
        tcsetattr(stdin(), OptionalActions::Flush, mode).map_err(|e| Error::io("set the terminal's mode", e.into()))
    };
    set(&silent)?;
    let answer = ask(question);
    set(&before)?;
    eprintln!();
    answer
}
