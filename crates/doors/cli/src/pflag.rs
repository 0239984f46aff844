//! Flags as Docker's users know them, on top of clap: `--flag=false`, values that begin with `-`, the last of two wins; and
//! Docker's words and exit codes for what is wrong.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command};

use crate::unsupported;

/// Exit code for a wrong flag.
const WRONG_FLAG: u8 = 125;

/// Commands that Docker has `--disable-content-trust` for.
const TRUST: &[&str] = &["build", "create", "pull", "push", "run"];

/// Makes a command tree parse flags as Docker does. Help is printed from the tree as it was.
pub(crate) fn adapt(command: Command) -> Command {
    let about_images = command.get_arguments().any(|arg| arg.get_id() == "platform");
    let takes_trust = about_images && TRUST.contains(&command.get_name());
    let command = if takes_trust { command.arg(content_trust()) } else { command };
    let command = command.args_override_self(true).mut_args(|arg| match arg.get_action() {
        ArgAction::SetTrue => truth(arg),
        ArgAction::Set | ArgAction::Append if !arg.is_positional() && !arg.is_require_equals_set() => {
            arg.allow_hyphen_values(true)
        }
        _ => arg,
    });
    command.mut_subcommands(adapt)
}

/// A verb with its flags, adapted.
pub(crate) fn adapted<A: clap::Args>(command: Command) -> Command {
    adapt(A::augment_args(command))
}

/// A flag that may be given a value: `--rm=false`. One that is true by default says so.
fn truth(arg: Arg) -> Arg {
    let default = if arg.get_default_values().is_empty() { "false" } else { "true" };
    let arg = arg.action(ArgAction::Set).num_args(0..=1).require_equals(true);
    arg.default_missing_value("true").default_value(default).value_parser(go_bool)
}

/// Signatures are never checked, so that not to check them may be asked for.
fn content_trust() -> Arg {
    let disabled = |text: &str| match go_bool(text) {
        Ok(true) => Ok(true),
        _ => Err("signatures of Docker Content Trust are not checked; pull by digest"),
    };
    let arg = Arg::new("disable-content-trust").long("disable-content-trust").num_args(0..=1).require_equals(true);
    arg.default_missing_value("true").value_parser(disabled)
}

/// A truth as Go reads it.
fn go_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("neither true nor false".into()),
    }
}

/// What to print, where, and the exit code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// The text.
    pub(crate) text: String,
    /// The exit code.
    pub(crate) code: u8,
}

/// Turns clap's error into Docker's words. `path` is the command it happened in, `knarr container ls`.
pub(crate) fn complaint(error: &clap::Error, command: &mut Command, path: &str) -> Complaint {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(list)) => list.join(", "),
        _ => String::new(),
    };
    let usage = usage(command);
    let hint = format!("Run '{path} --help' for more information");
    let flag = |message: String| Complaint { text: format!("{message}\n\n{usage}\n\n{hint}"), code: WRONG_FLAG };
    let count = || Complaint { text: format!("knarr: '{path}' {}\n\n{usage}\n\n{hint}", arity(command)), code: 1 };
    let given = text(ContextKind::InvalidArg);
    match error.kind() {
        ErrorKind::UnknownArgument => match given.strip_prefix("--") {
            Some(long) => flag(unknown_flag(path, long.split('=').next().unwrap_or(long))),
            None if given.starts_with('-') => {
                flag(format!("unknown shorthand flag: '{}' in {given}", given.chars().nth(1).unwrap_or('-')))
            }
            None => count(),
        },
        ErrorKind::InvalidSubcommand => {
            let name = text(ContextKind::InvalidSubcommand);
            Complaint { text: unknown_command(path, &name, &usage, &hint), code: 1 }
        }
        ErrorKind::MissingRequiredArgument | ErrorKind::TooFewValues => count(),
        ErrorKind::InvalidValue if text(ContextKind::InvalidValue).is_empty() => {
            flag(format!("flag needs an argument: {}", flag_name(command, &given)))
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let reason = match std::error::Error::source(error) {
                Some(cause) if cause.is::<std::num::ParseIntError>() => "not a whole number".into(),
                Some(cause) => cause.to_string(),
                None => format!("expected one of {}", text(ContextKind::ValidValue)),
            };
            let value = text(ContextKind::InvalidValue);
            flag(format!("invalid argument {value:?} for \"{}\" flag: {reason}", flag_name(command, &given)))
        }
        _ => flag(error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()),
    }
}

/// `-m, --memory` for `--memory <BYTES>`.
fn flag_name(command: &Command, given: &str) -> String {
    let name = given.split([' ', '[', '=', '<']).next().unwrap_or(given);
    let found = command.get_arguments().find(|arg| arg.get_long() == name.strip_prefix("--"));
    match found.and_then(clap::Arg::get_short) {
        Some(short) => format!("-{short}, {name}"),
        None => name.to_owned(),
    }
}

/// How many arguments a command takes, in Docker's words.
fn arity(command: &Command) -> String {
    let positionals: Vec<_> = command.get_positionals().collect();
    let range = |arg: &clap::Arg| arg.get_num_args().unwrap_or_else(|| 1.into());
    let least: usize = positionals.iter().filter(|arg| arg.is_required_set()).map(|arg| range(arg).min_values()).sum();
    let most = positionals.iter().fold(0usize, |sum, arg| sum.saturating_add(range(arg).max_values()));
    let arguments = |n: usize| if n == 1 { "1 argument".to_owned() } else { format!("{n} arguments") };
    match (least, most) {
        (_, 0) => "accepts no arguments".into(),
        (least, most) if least == most => format!("requires {}", arguments(least)),
        (least, usize::MAX) => format!("requires at least {}", arguments(least)),
        (0, most) => format!("requires at most {}", arguments(most)),
        (least, most) => format!("requires at least {least} and at most {}", arguments(most)),
    }
}

/// A flag that Docker has and we do not says why.
fn unknown_flag(path: &str, name: &str) -> String {
    match unsupported::flag(verb_of(path), name) {
        Some(reason) => format!("unsupported flag: --{name}: {reason}"),
        None => format!("unknown flag: --{name}"),
    }
}

fn unknown_command(path: &str, name: &str, usage: &str, hint: &str) -> String {
    match unsupported::command(format!("{} {name}", verb_of(path)).trim_start()) {
        Some(reason) => format!("knarr: '{path} {name}' is not supported: {reason}"),
        None => format!("knarr: unknown command: {path} {name}\n\n{usage}\n\n{hint}"),
    }
}

/// A command's path without the program's name.
fn verb_of(path: &str) -> &str {
    path.split_once(' ').map_or("", |(_, verb)| verb)
}

fn usage(command: &mut Command) -> String {
    let usage = command.render_usage().to_string();
    format!("Usage:  {}", usage.trim_start_matches("Usage:").trim())
}
