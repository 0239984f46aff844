//! `COPY` and `ADD`.

use super::heredoc;
use super::instruction::Arguments;
use super::lines::At;
use super::words::Word;
use super::{Copy, Problem};

const COPY_FLAGS: [&str; 6] = ["from", "chown", "chmod", "link", "exclude", "parents"];
const ADD_FLAGS: [&str; 6] = ["chown", "chmod", "link", "exclude", "checksum", "keep-git-dir"];

/// Parses `COPY`.
pub(super) fn copy(arguments: &mut Arguments<'_>) -> At<Copy> {
    let mut copy = shared(arguments)?;
    copy.parents = arguments.flags.switch("parents")?;
    if let Some((at, value)) = arguments.flags.placed("from")? {
        if value.contains('$') {
            let reason = "variable expansion is not supported here, define a stage with FROM and a global ARG instead";
            return Err((at, Problem::FlagValue { flag: "from".into(), value, reason }));
        }
        copy.from = Some(value);
    }
    arguments.flags.end(&COPY_FLAGS)?;
    Ok(copy)
}

/// Parses `ADD`.
pub(super) fn add(arguments: &mut Arguments<'_>) -> At<Copy> {
    let mut copy = shared(arguments)?;
    copy.checksum = arguments.flags.value("checksum")?;
    if arguments.flags.switch("keep-git-dir")? {
        return arguments.fail(Problem::UnsupportedFlag { instruction: "ADD", flag: "--keep-git-dir".into() });
    }
    arguments.flags.end(&ADD_FLAGS)?;
    Ok(copy)
}

/// What both have. `--link` promises independence of the layers below, which changes no result: it is accepted.
fn shared(arguments: &mut Arguments<'_>) -> At<Copy> {
    let flags = &mut arguments.flags;
    let chown = flags.value("chown")?;
    let chmod = flags.value("chmod")?;
    flags.switch("link")?;
    let excludes = flags.values("exclude")?.into_iter().map(|(_, pattern)| pattern).collect();
    let (mut sources, destination) = paths(arguments)?;
    let heredocs = arguments.line.heredocs.clone();
    sources.retain(|source| {
        let word = Word { offset: 0, text: source };
        heredoc::parse(&word, arguments.escape).is_none_or(|document| heredocs.iter().all(|h| h.word != document.word))
    });
    Ok(Copy { sources, heredocs, destination, chown, chmod, excludes, ..Copy::default() })
}

fn paths(arguments: &Arguments<'_>) -> At<(Vec<String>, String)> {
    let mut paths = match arguments.json()? {
        Some(paths) => paths,
        None => arguments.words().map(|(_, word)| word.to_owned()).collect(),
    };
    match paths.pop() {
        Some(destination) if !paths.is_empty() && !destination.is_empty() => Ok((paths, destination)),
        Some(_) if paths.is_empty() => {
            arguments.expected("requires at least two arguments, but only one was provided: the destination is missing")
        }
        _ => arguments.expected("requires at least two arguments: a source and a destination"),
    }
}
