//! `RUN`.

use super::instruction::{Arguments, with_documents};
use super::lines::At;
use super::{Command, Heredoc, Problem, Run, RunNetwork};

/// Parses `RUN`.
pub(super) fn run(arguments: &mut Arguments<'_>) -> At<Run> {
    let network = network(arguments)?;
    if let Some((at, mount)) = arguments.flags.values("mount")?.into_iter().next() {
        let kind = mount.split(',').find_map(|part| part.strip_prefix("type=")).unwrap_or("bind");
        return Err((at, Problem::UnsupportedFlag { instruction: "RUN", flag: format!("--mount=type={kind}") }));
    }
    security(arguments)?;
    arguments.flags.end(&["mount", "network", "security"])?;
    let documents = &arguments.line.heredocs;
    let script = match documents.as_slice() {
        [only] if arguments.rest() == only.word => Some(only),
        _ => None,
    };
    let command = match script {
        Some(script) => Command::Shell(script.content.clone()),
        None => command(arguments, documents)?,
    };
    let script = script.filter(|script| script.content.starts_with("#!")).cloned();
    Ok(Run { command, script, network })
}

fn command(arguments: &Arguments<'_>, documents: &[Heredoc]) -> At<Command> {
    match arguments.command()? {
        Command::Exec(argv) if argv.is_empty() => arguments.expected("requires at least one argument"),
        Command::Shell(text) if text.is_empty() => arguments.expected("requires at least one argument"),
        Command::Shell(text) if !documents.is_empty() => Ok(Command::Shell(with_documents(text, documents))),
        command => Ok(command),
    }
}

fn network(arguments: &mut Arguments<'_>) -> At<RunNetwork> {
    let Some((at, value)) = arguments.flags.placed("network")? else { return Ok(RunNetwork::Default) };
    match value.as_str() {
        "default" => Ok(RunNetwork::Default),
        "none" => Ok(RunNetwork::None),
        "host" => Ok(RunNetwork::Host),
        _ => {
            let reason = "must be default, none or host";
            Err((at, Problem::FlagValue { flag: "network".into(), value, reason }))
        }
    }
}

/// The sandbox is the only choice: an entitlement for more cannot be given by a Dockerfile.
fn security(arguments: &mut Arguments<'_>) -> At<()> {
    let Some((at, value)) = arguments.flags.placed("security")? else { return Ok(()) };
    match value.as_str() {
        "sandbox" => Ok(()),
        "insecure" => Err((at, Problem::UnsupportedFlag { instruction: "RUN", flag: "--security=insecure".into() })),
        _ => Err((at, Problem::FlagValue { flag: "security".into(), value, reason: "must be sandbox" })),
    }
}
