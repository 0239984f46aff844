//! The Dockerfile language: text to [`Dockerfile`].
//!
//! The text is untrusted: parsing is linear, bounded, and never panics. Nothing is expanded here and no file is looked at.

mod ast;
mod copy;
mod directives;
mod flags;
mod health;
mod heredoc;
mod instruction;
mod lines;
mod problem;
mod run;
mod words;

pub use ast::*;
pub use problem::{Position, Problem, SyntaxError};

use directives::Directives;
use instruction::{Parsed, parse_instruction};
use lines::{At, Lines};

/// A Dockerfile larger than this many bytes is refused.
const SIZE_LIMIT: usize = 4 << 20;
/// A Dockerfile with more instructions than this is refused.
const STEP_LIMIT: usize = 10_000;

impl Dockerfile {
    /// Reads a Dockerfile. `name` is what errors call the file.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, SyntaxError> {
        parse(name, bytes).map_err(|(at, problem)| SyntaxError { file: name.to_owned(), at, problem })
    }
}

/// Reads the text of an `ONBUILD` trigger, found in the Dockerfile `name` or, for an image's triggers, named after the image.
pub(crate) fn parse_trigger(name: &str, text: &str) -> Result<Step, SyntaxError> {
    let fail = |(at, problem)| SyntaxError { file: name.to_owned(), at, problem };
    let mut lines = Lines::new(text, '\\');
    let empty = || ((Position { line: 1, column: 1 }), Problem::Empty);
    let line = lines.next().and_then(|line| line.ok_or_else(empty)).map_err(fail)?;
    let parsed = parse_instruction(&line, '\\').and_then(|parsed| instruction::trigger(&line, parsed)).map_err(fail)?;
    Ok(Step { at: line.at(0), text: line.text, instruction: parsed })
}

fn parse(name: &str, bytes: &[u8]) -> At<Dockerfile> {
    let start = Position { line: 1, column: 1 };
    if bytes.len() > SIZE_LIMIT {
        return Err((start, Problem::TooLarge { limit: SIZE_LIMIT, unit: "bytes" }));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| (place(bytes, error.valid_up_to()), Problem::NotText))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Directives { escape } = directives::read(text)?;
    let mut file = Dockerfile { name: name.to_owned(), escape, globals: Vec::new(), stages: Vec::new() };
    let mut lines = Lines::new(text, escape);
    let mut count = 0;
    while let Some(line) = lines.next()? {
        count += 1;
        if count > STEP_LIMIT {
            return Err((line.at(0), Problem::TooLarge { limit: STEP_LIMIT, unit: "instructions" }));
        }
        let parsed = parse_instruction(&line, escape)?;
        file.add(line.at(0), line.text, parsed)?;
    }
    if file.stages.is_empty() {
        return Err((start, Problem::Empty));
    }
    Ok(file)
}

impl Dockerfile {
    fn add(&mut self, at: Position, text: String, parsed: Parsed) -> At<()> {
        match (parsed, self.stages.last_mut()) {
            (Parsed::From(mut stage), _) => {
                (stage.at, stage.text) = (at, text);
                self.stages.push(stage);
            }
            (Parsed::Other(_, instruction), Some(stage)) => stage.steps.push(Step { at, text, instruction }),
            (Parsed::Other(_, Instruction::Arg(args)), None) => self.globals.push(Global { at, text, args }),
            (Parsed::Other(name, _), None) => return Err((at, Problem::BeforeFrom(name))),
        }
        Ok(())
    }
}

fn place(bytes: &[u8], offset: usize) -> Position {
    let before = &bytes[..offset];
    let line = before.iter().filter(|b| **b == b'\n').count() as u32 + 1;
    let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
    Position { line, column: String::from_utf8_lossy(&before[start..]).chars().count() as u32 + 1 }
}

#[cfg(test)]
mod tests;
