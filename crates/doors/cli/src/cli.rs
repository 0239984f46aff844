//! The tree of commands, and reading a command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgAction, Args, Command, FromArgMatches, Subcommand};

use crate::client::{Client, HostFlags};
use crate::error::Result;
use crate::login::use_folder;
use crate::verbs::group::first_verbs;
use crate::verbs::*;
use crate::{help, pflag};

/// How each verb's help is laid out.
const HELP: &str = "Usage:  {usage}\n\n{about-with-newline}\n{all-args}{after-help}\n";

/// What was asked for: a verb, and what stands before it.
#[derive(Debug)]
pub(crate) struct Cli {
    global: Global,
    verb: Verb,
}

/// Build, ship and run containers
#[derive(Debug, Args)]
#[command(version, disable_help_flag = true, disable_version_flag = true, disable_help_subcommand = true)]
#[command(subcommand_required = true, arg_required_else_help = true, override_usage = "[OPTIONS] COMMAND")]
struct Global {
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
}

first_verbs! {
    attach: Attach(attach::Args),
    build: Build(Box<build::Args>),
    builder: Builder(builder::Group),
    commit: Commit(commit::Args),
    completion: Completion(completion::Args),
    container: Container(container::Group),
    cp: Cp(cp::Args),
    create: Create(Box<create::Args>),
    diff: Diff(diff::Args),
    events: Events(events::Args),
    exec: Exec(exec::Args),
    export: Export(export::Args),
    history: History(history::Args),
    image: Image(image::Group),
    images: Images(images::Args),
    import: Import(import::Args),
    info: Info(info::Args),
    inspect: Inspect(inspect::Args),
    kill: Kill(kill::Args),
    load: Load(load::Args),
    login: Login(login::Args),
    logout: Logout(logout::Args),
    logs: Logs(logs::Args),
    man: Man(man::Args),
    network: Network(network::Group),
    pause: Pause(pause::PauseArgs),
    port: Port(port::Args),
    ps: Ps(ps::Args),
    pull: Pull(pull::Args),
    push: Push(push::Args),
    rename: Rename(rename::Args),
    restart: Restart(stop::RestartArgs),
    rm: Rm(rm::Args),
    rmi: Rmi(rmi::Args),
    run: Run(Box<run::Args>),
    save: Save(save::Args),
    share: Share(share::Group),
    start: Start(start::Args),
    stats: Stats(stats::Args),
    stop: Stop(stop::StopArgs),
    system: System(system::Group),
    tag: Tag(tag::Args),
    top: Top(top::Args),
    tree: Tree(tree::Args),
    unpause: Unpause(pause::UnpauseArgs),
    update: Update(update::Args),
    version: Version(version::Args),
    volume: Volume(volume::Group),
    wait: Wait(wait::Args),
    why-kept: WhyKept(why_kept::Args),
}

impl Cli {
    /// Does what was asked for; the exit code.
    pub(crate) async fn run(self) -> Result<u8> {
        let Global { config, debug, daemon, log_level, .. } = self.global;
        if let Some(folder) = config {
            use_folder(folder);
        }
        let client = Client::new(daemon.pick()?, debug || log_level == "debug");
        self.verb.run(&client).await
    }

    /// Reads a command line with the flags of one verb only.
    fn read(argv: &[OsString]) -> Result<Self, clap::Error> {
        let matches = Verb::names(pflag::adapt(root())).try_get_matches_from(argv)?;
        Ok(Self { global: Global::from_arg_matches(&matches)?, verb: Verb::from_arg_matches(&matches)? })
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
    match Cli::read(argv) {
        Ok(cli) => Parsed::Run(Box::new(cli)),
        Err(error) => answer(&error, argv),
    }
}

/// The program, still without its verbs.
fn root() -> Command {
    Global::augment_args(Command::new("knarr"))
}

/// The whole tree, with all flags of all verbs.
fn tree() -> Command {
    Verb::augment_subcommands(root())
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
    lay_out(tree(), "knarr").subcommands(programs)
}

/// The tree of commands with the layout of its help, for help and manual pages.
pub(crate) fn documented() -> Command {
    let mut command = lay_out(tree(), "knarr");
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
        tree().debug_assert();
        pflag::adapt(tree()).debug_assert();
        documented().debug_assert();
    }

    #[test]
    fn the_verbs_that_are_read_are_those_of_the_tree() {
        let names = |command: &Command| command.get_subcommands().map(|c| c.get_name().to_owned()).collect::<Vec<_>>();
        assert_eq!(names(&Verb::names(root())), names(&tree()));
    }
}
