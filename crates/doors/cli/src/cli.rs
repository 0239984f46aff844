//! The tree of commands, and reading a command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgAction, Command, CommandFactory, FromArgMatches, Parser};

use crate::client::{Client, HostFlags};
use crate::error::Result;
use crate::login::use_folder;
use crate::verbs::group::verbs;
use crate::verbs::*;
use crate::{help, pflag};

/// How each verb's help is laid out.
const HELP: &str = "Usage:  {usage}\n\n{about-with-newline}\n{all-args}{after-help}\n";

/// Build, ship and run containers
#[derive(Debug, Parser)]
#[command(
    name = "knarr",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    disable_help_subcommand = true
)]
#[command(subcommand_required = true, arg_required_else_help = true, override_usage = "[OPTIONS] COMMAND")]
pub(crate) struct Cli {
    /// Folder of the client's configuration
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// Say on stderr what is asked of the daemon
    #[arg(short = 'D', long)]
    debug: bool,
    #[command(flatten)]
    daemon: HostFlags,
    /// How much to say on stderr; debug is the same as --debug
    #[arg(short = 'l', long, value_name = "LEVEL", default_value = "info")]
    #[arg(value_parser = ["debug", "info", "warn", "error", "fatal"])]
    log_level: String,
    /// Print the version
    #[arg(short = 'v', long, action = ArgAction::Version)]
    version: Option<bool>,
    /// Print help
    #[arg(long, global = true, display_order = 999, action = ArgAction::HelpShort)]
    help: Option<bool>,
    #[command(subcommand)]
    verb: Verb,
}

verbs! {
    Attach(attach::Args),
    Build(Box<build::Args>),
    Builder(builder::Group),
    Commit(commit::Args),
    Completion(completion::Args),
    Container(container::Group),
    Cp(cp::Args),
    Create(Box<create::Args>),
    Diff(diff::Args),
    Events(events::Args),
    Exec(exec::Args),
    Export(export::Args),
    History(history::Args),
    Image(image::Group),
    Images(images::Args),
    Import(import::Args),
    Info(info::Args),
    Inspect(inspect::Args),
    Kill(kill::Args),
    Load(load::Args),
    Login(login::Args),
    Logout(logout::Args),
    Logs(logs::Args),
    Man(man::Args),
    Network(network::Group),
    Pause(pause::PauseArgs),
    Port(port::Args),
    Ps(ps::Args),
    Pull(pull::Args),
    Push(push::Args),
    Rename(rename::Args),
    Restart(stop::RestartArgs),
    Rm(rm::Args),
    Rmi(rmi::Args),
    Run(Box<run::Args>),
    Save(save::Args),
    Start(start::Args),
    Stats(stats::Args),
    Stop(stop::StopArgs),
    System(system::Group),
    Tag(tag::Args),
    Top(top::Args),
    Unpause(pause::UnpauseArgs),
    Update(update::Args),
    Version(version::Args),
    Volume(volume::Group),
    Wait(wait::Args),
}

impl Cli {
    /// Does what was asked for; the exit code.
    pub(crate) async fn run(self) -> Result<u8> {
        if let Some(folder) = self.config {
            use_folder(folder);
        }
        let debug = self.debug || self.log_level == "debug";
        let client = Client::new(self.daemon.pick()?, debug);
        self.verb.run(&client).await
    }
}

/// What a command line asks for.
pub(crate) enum Parsed {
    /// A verb.
    Run(Box<Cli>),
    /// Only a text: help, the version, or what is wrong.
    Say {
        /// The text.
        text: String,
        /// The exit code.
        code: u8,
    },
}

/// Reads a command line.
pub(crate) fn parse(argv: &[OsString]) -> Parsed {
    let argv = &asked_for_help(argv);
    let parsed = pflag::adapt(Cli::command()).try_get_matches_from(argv).and_then(|m| Cli::from_arg_matches(&m));
    match parsed {
        Ok(cli) => Parsed::Run(Box::new(cli)),
        Err(error) => answer(&error, argv),
    }
}

/// `knarr help VERB` is `knarr VERB --help`.
fn asked_for_help(argv: &[OsString]) -> Vec<OsString> {
    match argv {
        [program, help, verbs @ ..] if help == "help" => {
            [program].into_iter().chain(verbs).cloned().chain(["--help".into()]).collect()
        }
        _ => argv.to_vec(),
    }
}

/// The tree with the other programs in the same binary, for completions.
pub(crate) fn with_programs() -> Command {
    let programs = help::PROGRAMS.iter().map(|(name, about)| Command::new(name).about(about));
    lay_out(Cli::command(), "knarr").subcommands(programs)
}

/// The tree of commands with the layout of its help, for help and manual pages.
pub(crate) fn documented() -> Command {
    let mut command = lay_out(Cli::command(), "knarr");
    command.build();
    command
}

/// Each usage begins with the path by which its command was reached.
fn lay_out(mut command: Command, path: &str) -> Command {
    let usage = command.render_usage().to_string();
    let lines = usage.trim_start_matches("Usage: ").lines().map(|line| format!("{path} {}", line.trim()));
    let command = command.override_usage(lines.collect::<Vec<_>>().join("\n        ")).help_template(HELP);
    let command = match command.has_subcommands() {
        true => command.after_help(format!("Run '{path} COMMAND --help' for more information on a command.")),
        false => command,
    };
    command.mut_subcommands(|below| {
        let path = format!("{path} {}", below.get_name());
        lay_out(below, &path)
    })
}

fn answer(error: &clap::Error, argv: &[OsString]) -> Parsed {
    let mut root = documented();
    let names = path_of(&root, argv);
    let path = std::iter::once("knarr").chain(names.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
    let front = help::front_page(&root);
    let Some(command) = descend(&mut root, &names) else { return Parsed::Say { text: error.to_string(), code: 1 } };
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand if names.is_empty() => {
            Parsed::Say { text: front, code: 0 }
        }
        ErrorKind::DisplayHelp => Parsed::Say { text: command.render_help().to_string(), code: 0 },
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand if command.has_subcommands() => {
            Parsed::Say { text: command.render_help().to_string(), code: 0 }
        }
        ErrorKind::DisplayVersion => {
            Parsed::Say { text: format!("knarr version {}\n", env!("CARGO_PKG_VERSION")), code: 0 }
        }
        _ => {
            let complaint = pflag::complaint(error, command, &path);
            Parsed::Say { text: complaint.text, code: complaint.code }
        }
    }
}

fn descend<'a>(command: &'a mut Command, names: &[String]) -> Option<&'a mut Command> {
    match names {
        [] => Some(command),
        [name, rest @ ..] => descend(command.find_subcommand_mut(name)?, rest),
    }
}

/// The names of the commands that a command line goes through.
fn path_of(root: &Command, argv: &[OsString]) -> Vec<String> {
    let mut names = Vec::new();
    let mut command = root;
    let mut words = argv.iter().skip(1).filter_map(|word| word.to_str());
    while let Some(word) = words.next() {
        if word.starts_with('-') {
            if takes_value(root, word) {
                words.next();
            }
            continue;
        }
        let Some(found) = command.find_subcommand(word) else { break };
        names.push(found.get_name().to_owned());
        command = found;
        if !command.has_subcommands() {
            break;
        }
    }
    names
}

/// Whether a flag before the verb is followed by its value.
fn takes_value(root: &Command, word: &str) -> bool {
    let named = |arg: &&clap::Arg| {
        let long = word.strip_prefix("--").is_some_and(|name| arg.get_long() == Some(name));
        long || arg.get_short().is_some_and(|short| word.strip_prefix('-') == Some(short.to_string().as_str()))
    };
    root.get_arguments().find(named).is_some_and(|arg| arg.get_action().takes_values())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_sound() {
        Cli::command().debug_assert();
        pflag::adapt(Cli::command()).debug_assert();
        documented().debug_assert();
    }
}
