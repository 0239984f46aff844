//! What containerd starts the program for.

mod delete;
mod serve;
mod start;

use crate::arguments::{Action, Arguments};
use crate::{NAME, Result};

/// Does what the command line says.
pub fn run(arguments: Arguments) -> Result<()> {
    match arguments.action {
        Action::Start => start::start(&arguments),
        Action::Delete => delete::delete(&arguments),
        Action::Serve => serve::serve(&arguments),
        Action::Version => {
            println!("{NAME}:\n  Version: {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
    }
}
