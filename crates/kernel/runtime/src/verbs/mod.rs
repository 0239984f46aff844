//! The verbs, one a file.

mod checkpoint;
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
mod place;
pub mod ps;
pub mod spec;
pub mod start;
pub mod state;
mod terminal;
pub mod update;

use std::ffi::OsString;
use std::io::Write;

use knarr_sys::exec::cloexec_from;

use crate::arguments::{self, Ends, Flag, GLOBAL, Global, Words};
use crate::log::Log;
use crate::{Error, Result, protect};

/// A verb of the command line.
pub struct Verb {
    /// Its name.
    pub name: &'static str,
    /// What follows its flags.
    pub operands: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// The flags that it knows.
    pub flags: &'static [Flag],
    /// What it does; gives the exit code.
    pub run: fn(&Global, &Words) -> Result<i32>,
}

const VERBS: &[Verb] = &[
    create::CREATE,
    create::RUN,
    start::VERB,
    exec::VERB,
    state::VERB,
    list::VERB,
    ps::VERB,
    events::VERB,
    kill::VERB,
    pause::PAUSE,
    pause::RESUME,
    update::VERB,
    delete::VERB,
    spec::VERB,
    features::VERB,
    checkpoint::CHECKPOINT,
    checkpoint::RESTORE,
];

/// Runs a command line and gives the exit code.
pub fn dispatch(args: &[OsString]) -> i32 {
    let (global, name, rest) = match arguments::read(args) {
        Ok(read) => read,
        Err(error) => {
            Log::default().error(&error);
            return 1;
        }
    };
    match run(&global, &name, &rest) {
        Ok(code) => code,
        Err(error) => {
            global.log.error(&error);
            if name == exec::VERB.name { 255 } else { 1 }
        }
    }
}

fn run(global: &Global, name: &str, rest: &[String]) -> Result<i32> {
    let verb = match name {
        "version" => return print_text(&version()),
        "help" => return print_text(&rest.first().and_then(|name| find(name)).map_or_else(help, Verb::help)),
        name => find(name)
            .ok_or_else(|| Error::Usage(format!("no such verb: {name:?}; `knarr runtime help` lists them")))?,
    };
    let ends = if verb.name == exec::VERB.name { Ends::AtFirstWord } else { Ends::Nowhere };
    let words = Words::read(rest, verb.flags, ends)?;
    if words.has("help") {
        return print_text(&verb.help());
    }
    if matches!(verb.name, "run" | "create" | "exec") {
        protect::read_only_executable()?;
    }
    keep_descriptors_from_hooks(&words)?;
    global.log.debug(|| format!("{name}: {words:?}"));
    (verb.run)(global, &words)
}

/// What the caller has left open goes to the program where it asked for that, and to no other that is started on the way.
fn keep_descriptors_from_hooks(words: &Words) -> Result<()> {
    let preserved = words.number("preserve-fds")?.unwrap_or(0);
    let first = create::listen_fds().saturating_add(preserved).saturating_add(3);
    cloexec_from(first).map_err(|e| Error::io("close", "descriptors of the caller for hooks", e))
}

fn find(name: &str) -> Option<&'static Verb> {
    VERBS.iter().find(|verb| verb.name == name)
}

impl Verb {
    fn help(&self) -> String {
        let Self { name, operands, about, flags, .. } = self;
        let text = format!("knarr runtime {name}: {about}\n\nusage: knarr runtime {name} [flags] {operands}\n");
        if flags.is_empty() { text } else { format!("{text}\n{}", arguments::help(flags)) }
    }
}

fn help() -> String {
    let verbs: String = VERBS.iter().map(|verb| format!("  {:<12}{}\n", verb.name, verb.about)).collect();
    let flags = arguments::help(GLOBAL);
    format!(
        "knarr runtime: an OCI runtime\n\nusage: knarr runtime [flags] VERB …\n\n{verbs}\n{flags}\n\
         `knarr runtime VERB --help` tells of a verb's flags.\n"
    )
}

/// In runc's form, which engines read.
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
