//! Parser directives: `# name=value` lines at the very top.

use super::lines::At;
use super::{Position, Problem};

/// What the directives say.
pub(super) struct Directives {
    pub escape: char,
}

/// Reads the directives. The first line that is none, or that is one of an unknown name, ends them.
pub(super) fn read(text: &str) -> At<Directives> {
    let mut seen: Vec<String> = Vec::new();
    let mut found = Directives { escape: '\\' };
    for (index, line) in text.lines().enumerate() {
        let at = Position { line: index as u32 + 1, column: 1 };
        let Some((name, value)) = split(line) else { break };
        let name = name.to_ascii_lowercase();
        if !matches!(name.as_str(), "escape" | "syntax" | "check") {
            break;
        }
        if seen.contains(&name) {
            return Err((at, Problem::RepeatedDirective(name)));
        }
        match name.as_str() {
            "escape" => found.escape = escape(value).map_err(|problem| (at, problem))?,
            "syntax" => frontend(value).map_err(|problem| (at, problem))?,
            _ => {}
        }
        seen.push(name);
    }
    Ok(found)
}

fn split(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.trim_start().strip_prefix('#')?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let word = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(|c| c.is_ascii_alphanumeric());
    (word && !value.is_empty()).then_some((name, value))
}

fn escape(value: &str) -> Result<char, Problem> {
    match value {
        "\\" => Ok('\\'),
        "`" => Ok('`'),
        other => Err(Problem::Escape(other.to_owned())),
    }
}

/// The Dockerfile's own frontend is what this parser is; another one would mean another language.
fn frontend(value: &str) -> Result<(), Problem> {
    let image = value.split_whitespace().next().unwrap_or_default();
    let image = image.strip_prefix("docker.io/").unwrap_or(image);
    let name = image.split([':', '@']).next().unwrap_or_default();
    match name {
        "docker/dockerfile" | "docker/dockerfile-upstream" => Ok(()),
        _ => Err(Problem::Frontend(value.to_owned())),
    }
}
