//! Flags as Docker's users know them, on top of clap: `--flag=false`, values that begin with `-`, the last of two wins; and
//! Docker's words and exit codes for what is wrong.

use clap::builder::{BoolishValueParser, ValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Command};

/// Exit code for a wrong flag.
const WRONG_FLAG: u8 = 125;

/// Makes a command tree parse flags as Docker does. Help is printed from the tree as it was.
pub(crate) fn adapt(command: Command) -> Command {
    let command = command.args_override_self(true).mut_args(|arg| match arg.get_action() {
        ArgAction::SetTrue => arg
            .action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .default_value("false")
            .value_parser(ValueParser::new(BoolishValueParser::new())),
        ArgAction::Set | ArgAction::Append if !arg.is_positional() && !arg.is_require_equals_set() => {
            arg.allow_hyphen_values(true)
        }
        _ => arg,
    });
    command.mut_subcommands(adapt)
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
            Some(long) => flag(format!("unknown flag: --{}", long.split('=').next().unwrap_or(long))),
            None if given.starts_with('-') => {
                flag(format!("unknown shorthand flag: '{}' in {given}", given.chars().nth(1).unwrap_or('-')))
            }
            None => count(),
        },
        ErrorKind::InvalidSubcommand => {
            let name = text(ContextKind::InvalidSubcommand);
            Complaint { text: format!("knarr: unknown command: {path} {name}\n\n{hint}"), code: 1 }
        }
        ErrorKind::MissingRequiredArgument | ErrorKind::TooFewValues => count(),
        ErrorKind::InvalidValue if text(ContextKind::InvalidValue).is_empty() => {
            flag(format!("flag needs an argument: {}", flag_name(command, &given)))
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let reason = std::error::Error::source(error).map(ToString::to_string);
            let reason = reason.unwrap_or_else(|| format!("expected one of {}", text(ContextKind::ValidValue)));
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
        (0, most) => format!("accepts at most {}", arguments(most)),
        (least, most) => format!("requires at least {least} and at most {}", arguments(most)),
    }
}

fn usage(command: &mut Command) -> String {
    let usage = command.render_usage().to_string();
    format!("Usage:  {}", usage.trim_start_matches("Usage:").trim())
}
