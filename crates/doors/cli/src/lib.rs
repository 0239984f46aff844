//! The command line: Docker's verbs, flags, output and exit codes, over the daemon's API and nothing else.
//!
//! ```text
//!  argv → cli (clap, adapted by pflag) → verbs/* ─┬→ client   one HTTP/1.1 connection a request, JSON, streams, hijacking
//!                                                 ├→ spec     ports, mounts, sizes, … → wire types       (pure)
//!                                                 ├→ create   flags of run and create → create request   (pure but for files)
//!                                                 ├→ session, terminal   attach: frames, raw mode, resize, detach keys, signals
//!                                                 ├→ context  a build's tar stream; login: Docker's config.json
//!                                                 └→ output, template, progress   tables, --format, bars
//! ```
//!
//! Invariants:
//! - stdout is for data, stderr for everything else.
//! - The terminal is as it was when the program ends, however it ends.
//! - Control characters of others never reach a terminal unescaped, but in a session's own output.
//! - Exit codes are Docker's: 125 for a wrong flag or a failed `run`, 126 and 127 for a command that cannot be run, else the container's own.
#![forbid(unsafe_code)]

mod cli;
mod client;
mod context;
mod create;
mod error;
mod help;
mod login;
mod output;
mod pflag;
mod progress;
mod session;
mod spec;
mod template;
mod terminal;
mod unsupported;
mod verbs;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command line. `argv` begins with the program's name.
pub fn main(argv: impl IntoIterator<Item = OsString>) -> ExitCode {
    let argv: Vec<OsString> = argv.into_iter().collect();
    let code = match cli::parse(&argv) {
        cli::Parsed::Run(cli) => run(*cli),
        cli::Parsed::Say { text, code } => say(&text, code),
    };
    ExitCode::from(code)
}

fn say(text: &str, code: u8) -> u8 {
    if code != 0 {
        eprintln!("{text}");
        return code;
    }
    output::text(text).map_or_else(|error| error.code(), |()| 0)
}

fn run(cli: cli::Cli) -> u8 {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("cannot start: {error}");
            return 1;
        }
    };
    let result = runtime.block_on(cli.run());
    // A read of stdin may still be pending; nobody waits for it.
    runtime.shutdown_background();
    result.unwrap_or_else(|error| {
        error.report();
        error.code()
    })
}
