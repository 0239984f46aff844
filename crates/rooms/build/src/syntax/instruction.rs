//! One instruction: its keyword, and the arguments of the simple ones.

use super::flags::Flags;
use super::lines::{At, Line};
use super::problem::nearest;
use super::words::{self, Word};
use super::{Arg, Command, Heredoc, Instruction, Pair, Problem, Stage, copy, health, run};

/// All keywords.
const KEYWORDS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// A parsed instruction with its keyword.
pub(super) enum Parsed {
    From(Stage),
    Other(&'static str, Instruction),
}

/// What an instruction's parser works on: the keyword is known, the flags are split off.
pub(super) struct Arguments<'a> {
    pub name: &'static str,
    pub line: &'a Line,
    pub flags: Flags,
    pub escape: char,
    start: usize,
}

impl<'a> Arguments<'a> {
    /// The arguments in one piece.
    pub fn rest(&self) -> &'a str {
        self.line.text[self.start..].trim()
    }

    /// A problem at the instruction itself.
    pub fn fail<T>(&self, problem: Problem) -> At<T> {
        Err((self.line.at(0), problem))
    }

    /// "`NAME` requires …".
    pub fn expected<T>(&self, expected: &'static str) -> At<T> {
        self.fail(Problem::Arguments { instruction: self.name, expected })
    }

    /// The arguments as words with their quotes, and the place of each.
    pub fn words(&self) -> impl Iterator<Item = (usize, &'a str)> {
        let start = self.line.text.len() - self.line.text[self.start..].trim_start().len();
        let words: Vec<Word<'a>> = words::split(self.rest(), self.escape);
        words.into_iter().map(move |word| (start + word.offset, word.text))
    }

    /// The arguments as a JSON array of strings, none where they are not JSON (then the shell form is meant).
    pub fn json(&self) -> At<Option<Vec<String>>> {
        json(self.rest()).map_err(|()| (self.line.at(0), Problem::NotStrings(self.name)))
    }

    /// JSON, or words split at white space.
    pub fn list(&self) -> At<Vec<String>> {
        let words = || words::plain(self.rest()).into_iter().map(|word| word.text.to_owned()).collect();
        Ok(self.json()?.unwrap_or_else(words))
    }

    /// The exec form, or the shell form.
    pub fn command(&self) -> At<Command> {
        Ok(match self.json()? {
            Some(argv) => Command::Exec(argv),
            None => Command::Shell(self.rest().to_owned()),
        })
    }

    /// One argument: everything up to the end of the line.
    fn single(&self) -> At<String> {
        match self.rest() {
            "" => self.expected("requires exactly one argument"),
            text => Ok(text.to_owned()),
        }
    }
}

/// An array of strings; none where the text is not a JSON array; an error where it is one with other things in it.
pub(super) fn json(text: &str) -> Result<Option<Vec<String>>, ()> {
    if !text.starts_with('[') {
        return Ok(None);
    }
    let Ok(values) = serde_json::from_str::<Vec<serde_json::Value>>(text) else { return Ok(None) };
    let strings = values.into_iter().map(|value| value.as_str().map(str::to_owned).ok_or(()));
    strings.collect::<Result<_, ()>>().map(Some)
}

/// Parses one line.
pub(super) fn parse_instruction(line: &Line, escape: char) -> At<Parsed> {
    let end = line.text.find(char::is_whitespace).unwrap_or(line.text.len());
    let word = &line.text[..end];
    let Some(name) = KEYWORDS.into_iter().find(|keyword| keyword.eq_ignore_ascii_case(word)) else {
        let suggestion = nearest(&word.to_ascii_uppercase(), &KEYWORDS);
        let word = word.chars().take(80).collect();
        return Err((line.at(0), Problem::UnknownInstruction { word, suggestion }));
    };
    let (flags, start) = Flags::read(line, end, name, escape);
    let mut arguments = Arguments { name, line, flags, escape, start };
    if name == "FROM" {
        return from(&mut arguments).map(Parsed::From);
    }
    let instruction = other(&mut arguments)?;
    Ok(Parsed::Other(name, instruction))
}

/// What may be a trigger of `ONBUILD`.
pub(super) fn trigger(line: &Line, parsed: Parsed) -> At<Instruction> {
    match parsed {
        Parsed::From(_) => Err((line.at(0), Problem::Trigger("FROM"))),
        Parsed::Other(name @ ("ONBUILD" | "MAINTAINER"), _) => Err((line.at(0), Problem::Trigger(name))),
        Parsed::Other(_, instruction) => Ok(instruction),
    }
}

fn other(arguments: &mut Arguments<'_>) -> At<Instruction> {
    match arguments.name {
        "ADD" => return copy::add(arguments).map(Instruction::Add),
        "COPY" => return copy::copy(arguments).map(Instruction::Copy),
        "HEALTHCHECK" => return health::healthcheck(arguments).map(Instruction::Healthcheck),
        "RUN" => return run::run(arguments).map(Instruction::Run),
        _ => arguments.flags.end(&[])?,
    }
    Ok(match arguments.name {
        "ARG" => Instruction::Arg(args(arguments)?),
        "CMD" => Instruction::Cmd(arguments.command()?),
        "ENTRYPOINT" => Instruction::Entrypoint(nonempty(arguments)?),
        "ENV" => Instruction::Env(pairs(arguments)?),
        "EXPOSE" => Instruction::Expose(some(arguments, plain(arguments))?),
        "LABEL" => Instruction::Label(pairs(arguments)?),
        "MAINTAINER" => Instruction::Maintainer(arguments.single()?),
        "ONBUILD" => Instruction::OnBuild(onbuild(arguments)?),
        "SHELL" => Instruction::Shell(shell(arguments)?),
        "STOPSIGNAL" => Instruction::StopSignal(arguments.single()?),
        "USER" => Instruction::User(arguments.single()?),
        "VOLUME" => Instruction::Volume(volumes(arguments)?),
        _ => Instruction::Workdir(arguments.single()?),
    })
}

fn from(arguments: &mut Arguments<'_>) -> At<Stage> {
    let platform = arguments.flags.value("platform")?;
    arguments.flags.end(&["platform"])?;
    let words: Vec<(usize, &str)> = arguments.words().collect();
    let (base, name) = match words.as_slice() {
        [(_, base)] => (*base, None),
        [(_, base), (_, word), name] if word.eq_ignore_ascii_case("AS") => (*base, Some(stage_name(arguments, *name)?)),
        _ => return arguments.expected("requires either one argument, or three: FROM <source> [AS <name>]"),
    };
    let (at, text) = (arguments.line.at(0), String::new());
    Ok(Stage { at, text, base: base.to_owned(), platform, name, steps: Vec::new() })
}

fn stage_name(arguments: &Arguments<'_>, (offset, name): (usize, &str)) -> At<String> {
    let lower = name.to_ascii_lowercase();
    let tail = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    match lower.starts_with(|c: char| c.is_ascii_lowercase()) && lower.chars().all(tail) {
        true => Ok(lower),
        false => Err((arguments.line.at(offset), Problem::StageName(name.to_owned()))),
    }
}

fn plain(arguments: &Arguments<'_>) -> Vec<String> {
    arguments.words().map(|(_, word)| word.to_owned()).collect()
}

fn some(arguments: &Arguments<'_>, list: Vec<String>) -> At<Vec<String>> {
    if list.is_empty() { arguments.expected("requires at least one argument") } else { Ok(list) }
}

fn nonempty(arguments: &Arguments<'_>) -> At<Command> {
    match arguments.rest() {
        "" => arguments.expected("requires at least one argument"),
        _ => arguments.command(),
    }
}

fn volumes(arguments: &Arguments<'_>) -> At<Vec<String>> {
    let list = some(arguments, arguments.list()?)?;
    match list.iter().any(|path| path.trim().is_empty()) {
        true => arguments.expected("specified can not be an empty string"),
        false => Ok(list),
    }
}

fn shell(arguments: &Arguments<'_>) -> At<Vec<String>> {
    match arguments.json()? {
        Some(list) if !list.is_empty() => Ok(list),
        Some(_) => arguments.expected("requires at least one argument"),
        None => arguments.expected("requires the arguments to be in JSON form, as in [\"/bin/sh\", \"-c\"]"),
    }
}

fn args(arguments: &Arguments<'_>) -> At<Vec<Arg>> {
    let mut args = Vec::new();
    for (offset, word) in arguments.words() {
        let (name, default) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word, None),
        };
        if name.is_empty() {
            return Err((arguments.line.at(offset), Problem::BlankName("ARG")));
        }
        args.push(Arg { name: name.to_owned(), default });
    }
    if args.is_empty() { arguments.expected("requires at least one argument") } else { Ok(args) }
}

/// `name=value …`, or the old form `name value` whose value is the rest of the line.
fn pairs(arguments: &Arguments<'_>) -> At<Vec<Pair>> {
    let words: Vec<(usize, &str)> = arguments.words().collect();
    let Some((_, first)) = words.first() else { return arguments.expected("requires at least one argument") };
    if !first.contains('=') {
        let value = arguments.rest()[first.len()..].trim_start();
        return match value {
            "" => arguments.expected("must have two arguments"),
            value => Ok(vec![Pair { name: (*first).to_owned(), value: value.to_owned() }]),
        };
    }
    let pair = |(offset, word): (usize, &str)| match word.split_once('=') {
        None => Err((arguments.line.at(offset), Problem::Pair(word.to_owned()))),
        Some(("", _)) => Err((arguments.line.at(offset), Problem::BlankName(arguments.name))),
        Some((name, value)) => Ok(Pair { name: name.to_owned(), value: value.to_owned() }),
    };
    words.into_iter().map(pair).collect()
}

/// The trigger with the here-documents that belong to it, after a check that it parses.
fn onbuild(arguments: &Arguments<'_>) -> At<String> {
    let text = arguments.single()?;
    let offset = arguments.line.text.len() - text.len();
    let whole = with_documents(text, &arguments.line.heredocs);
    match super::parse_trigger("", &whole) {
        Ok(_) => Ok(whole),
        Err(error) => Err((arguments.line.at(offset), error.problem)),
    }
}

/// A command followed by its here-documents, as a shell reads them.
pub(super) fn with_documents(mut text: String, heredocs: &[Heredoc]) -> String {
    for document in heredocs {
        text.push('\n');
        text.push_str(&document.content);
        text.push_str(&document.name);
    }
    text
}
