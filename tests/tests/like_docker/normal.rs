//! What a command said, without what differs from run to run and from client to client.

use std::fmt;
use std::process::Output;

/// What stands for `§` in the names of docker and of knarr.
pub const OWN: [&str; 2] = ["xdx", "xkx"];

/// What a command said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub stdout: String,
    pub stderr: String,
    pub code: Option<i32>,
}

impl Said {
    /// What a command has printed, and how it ended.
    pub fn of(output: Output) -> Self {
        let text = |bytes: &[u8]| normal(&String::from_utf8_lossy(bytes));
        let stderr = text(&output.stderr).replace("docker", "knarr");
        Self { stdout: text(&output.stdout), stderr: hints(&stderr), code: output.status.code() }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}\n{}{}", self.code, self.stdout, self.stderr)
    }
}

fn normal(text: &str) -> String {
    let text = OWN.iter().fold(text.to_owned(), |text, own| text.replace(own, "§"));
    text.lines().map(|line| spans(&words(line))).filter(|line| !is_context(line)).collect::<Vec<_>>().join("\n")
}

/// Docker says how much of a context it has sent.
fn is_context(line: &str) -> bool {
    line.starts_with("Sending build context")
}

/// Ids and times become words.
fn words(line: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-:.+".contains(c);
    let (mut out, mut rest) = (String::new(), line);
    while let Some(start) = rest.find(is_part) {
        let end = rest[start..].find(|c| !is_part(c)).map_or(rest.len(), |length| start + length);
        out.push_str(&rest[..start]);
        out.push_str(&word(&rest[start..end]));
        rest = &rest[end..];
    }
    out + rest
}

fn word(word: &str) -> String {
    let (front, digits) = word.rsplit_once(':').map_or(("", word), |(front, digits)| (front, digits));
    let is_id = matches!(digits.len(), 12 | 64) && digits.bytes().all(|b| b.is_ascii_hexdigit());
    match () {
        () if is_id && front.is_empty() => "<ID>".into(),
        () if is_id && front == "sha256" => "sha256:<ID>".into(),
        () if is_time(word) => "<TIME>".into(),
        () => word.to_owned(),
    }
}

/// `2026-01-02T15:04:05.123Z`, `15:04:05`.
fn is_time(word: &str) -> bool {
    let clock = word.split('T').next_back().unwrap_or(word);
    let parts: Vec<&str> = clock.split(':').collect();
    let two = |part: &&str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    parts.len() >= 3 && parts[..2].iter().all(two) && parts[2].starts_with(|c: char| c.is_ascii_digit())
}

/// Ages become one word, with the spaces behind them.
fn spans(line: &str) -> String {
    let units = ["second", "seconds", "minute", "minutes"];
    let line = line.replace("Less than a second", "1 second").replace("About a minute", "1 minute");
    let (mut words, mut list) = (Vec::new(), line.split(' ').filter(|word| !word.is_empty()).peekable());
    while let Some(word) = list.next() {
        let number = word.bytes().all(|b| b.is_ascii_digit());
        if number && list.peek().is_some_and(|unit| units.contains(unit)) {
            list.next();
            list.next_if_eq(&"ago");
            words.push("<AGO>");
        } else {
            words.push(word);
        }
    }
    // A header is as wide as the ages below it.
    let header = words.contains(&"CREATED");
    if header || words.contains(&"<AGO>") || line.contains("<ID>") { words.join(" ") } else { line }
}

/// Docker's three ways of pointing at the help are one; its farewell to the classic builder is none of the answer.
fn hints(text: &str) -> String {
    let farewell = ["DEPRECATED: The legacy builder", "            BuildKit is", "            environment-variable."];
    let lines = text.lines().filter(|line| !farewell.iter().any(|part| line.starts_with(part)));
    let lines = lines.map(|line| match line.contains("--help' for more information") {
        true => "<HINT>".to_owned(),
        false => line.to_owned(),
    });
    lines.filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n")
}
