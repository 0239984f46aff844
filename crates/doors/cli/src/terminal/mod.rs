//! The user's terminal: raw mode that is always undone, its size, keys that detach, and reading without echo.

mod detach;
mod prompt;
mod raw;
mod resize;

pub(crate) use detach::{DetachKeys, Scanned};
pub(crate) use prompt::{ask, ask_secretly, read_answer};
pub(crate) use raw::RawMode;
pub(crate) use resize::{Resize, follow_size, size_of_stdout};

use std::io::{IsTerminal, stdin};

use crate::error::{Error, Result};

/// `-t` with `-i` needs a terminal at stdin.
pub(crate) fn check_input(tty: bool, attached: bool) -> Result {
    if tty && attached && !stdin().is_terminal() {
        return Err(Error::invalid("the input device is not a TTY"));
    }
    Ok(())
}
