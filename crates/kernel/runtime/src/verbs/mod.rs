//! The verbs, one a file.

pub mod create;
pub mod delete;
pub mod events;
pub mod exec;
pub mod features;
mod foreground;
pub mod kill;
mod launch;
pub mod list;
pub mod pause;
pub mod ps;
pub mod spec;
pub mod start;
pub mod state;
pub mod update;

use std::ffi::OsString;
use std::io::Write;

use crate::arguments::{self, Global};
use crate::log::Log;
use crate::{Error, Result, protect};

/// Runs a command line and gives the exit code.
pub fn dispatch(args: &[OsString]) -> i32 {
    let (global, verb, rest) = match arguments::read(args) {
        Ok(read) => read,
        Err(error) => {
            Log::default().error(&error);
            return 1;
        }
    };
    match run(&global, &verb, &rest) {
        Ok(code) => code,
        Err(error) => {
            global.log.error(&error);
            if verb == "exec" { 255 } else { 1 }
        }
    }
}

fn run(global: &Global, verb: &str, rest: &[String]) -> Result<i32> {
    if matches!(verb, "run" | "create" | "exec") {
        protect::read_only_executable()?;
    }
    match verb {
        "run" => create::run(global, rest),
        "create" => create::create(global, rest),
        "start" => start::main(global, rest),
        "state" => state::main(global, rest),
        "kill" => kill::main(global, rest),
        "delete" => delete::main(global, rest),
        "exec" => exec::main(global, rest),
        "ps" => ps::main(global, rest),
        "list" => list::main(global, rest),
        "pause" => pause::main_pause(global, rest),
        "resume" => pause::main_resume(global, rest),
        "update" => update::main(global, rest),
        "events" => events::main(global, rest),
        "features" => print(&features::document()),
        "spec" => spec::main(rest),
        "version" | "--version" => print_text(&version()),
        "help" => print_text(HELP),
        "checkpoint" | "restore" => Err(Error::Usage(format!("{verb} is not supported"))),
        other => Err(Error::Usage(format!("no such verb: {other:?}; `knarr runtime help` lists them"))),
    }
}

const HELP: &str = "knarr runtime: an OCI runtime

usage: knarr runtime [--root DIR] [--log FILE] [--log-format text|json] VERB …

  run, create, start, exec      make containers and processes
  state, list, ps, events       look at them
  kill, pause, resume, update   change them
  delete                        remove what has stopped
  spec, features                documents
";

fn version() -> String {
    format!("knarr-runtime version {}\nspec: {}\n", env!("CARGO_PKG_VERSION"), knarr_spec::VERSION)
}

/// Prints a document, indented.
fn print(value: &impl serde::Serialize) -> Result<i32> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|source| Error::Json { path: "standard output".to_owned(), source })?;
    print_text(&format!("{text}\n"))
}

fn print_text(text: &str) -> Result<i32> {
    let mut output = std::io::stdout();
    let written = output.write_all(text.as_bytes()).and_then(|()| output.flush());
    written.map_err(|e| Error::io("write to", "standard output", e))?;
    Ok(0)
}
