//! Where a Dockerfile is wrong, and how.

use std::fmt;

/// A place in a Dockerfile; both count from 1, columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A Dockerfile that cannot be read: `Dockerfile:3:1: unknown instruction: RUNN (did you mean RUN?)`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{at}: {problem}")]
pub struct SyntaxError {
    /// The file's name as the user gave it.
    pub file: String,
    /// Where.
    pub at: Position,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong at one place of a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The file is larger, or has more instructions, than any real one.
    #[error("the Dockerfile has more than {limit} {unit}")]
    TooLarge {
        /// How many are allowed.
        limit: usize,
        /// Of what.
        unit: &'static str,
    },
    /// The bytes are not text.
    #[error("the Dockerfile is not valid UTF-8")]
    NotText,
    /// Nothing but comments and blank lines.
    #[error("the Dockerfile is empty: it needs at least a FROM instruction")]
    Empty,
    /// No such instruction.
    #[error("unknown instruction: {word}{}", did_you_mean(.suggestion))]
    UnknownInstruction {
        /// What stands there.
        word: String,
        /// The instruction that is spelt most like it.
        suggestion: Option<&'static str>,
    },
    /// No such flag of the instruction.
    #[error("unknown flag of {instruction}: --{flag}{}", did_you_mean(.suggestion))]
    UnknownFlag {
        /// The instruction.
        instruction: &'static str,
        /// The flag without its dashes.
        flag: String,
        /// The flag that is spelt most like it.
        suggestion: Option<&'static str>,
    },
    /// A flag that may stand once stands twice.
    #[error("flag --{0} is given twice")]
    RepeatedFlag(String),
    /// A flag's value is missing or not understood.
    #[error("invalid value {value:?} of flag --{flag}: {reason}")]
    FlagValue {
        /// The flag without its dashes.
        flag: String,
        /// What stands there.
        value: String,
        /// What is expected.
        reason: &'static str,
    },
    /// A flag that this builder understands but does not carry out.
    #[error("{instruction} {flag} is not supported by this builder")]
    UnsupportedFlag {
        /// The instruction.
        instruction: &'static str,
        /// The flag as it is written.
        flag: String,
    },
    /// A directive is given twice.
    #[error("only one {0} parser directive can be used")]
    RepeatedDirective(String),
    /// `# escape=` with anything but the two characters that may be one.
    #[error("invalid escape token {0:?}: must be \\ or `")]
    Escape(String),
    /// `# syntax=` names another language.
    #[error("the frontend {0:?} is not supported: only docker/dockerfile is")]
    Frontend(String),
    /// The number or shape of the arguments.
    #[error("{instruction} {expected}")]
    Arguments {
        /// The instruction.
        instruction: &'static str,
        /// What it requires.
        expected: &'static str,
    },
    /// A `NAME=value` pair without `=`.
    #[error("cannot find = in {0:?}: must be of the form name=value")]
    Pair(String),
    /// A pair without a name.
    #[error("{0} names cannot be blank")]
    BlankName(&'static str),
    /// A JSON array with something else than strings.
    #[error("only strings are allowed in the JSON array of {0}")]
    NotStrings(&'static str),
    /// A here-document that never ends.
    #[error("unterminated here-document: no line is {0:?}")]
    UnterminatedHeredoc(String),
    /// An instruction before the first `FROM`.
    #[error("no build stage in current context: {0} must come after FROM")]
    BeforeFrom(&'static str),
    /// A stage's name.
    #[error("invalid name for build stage: {0:?}, name can't start with a number or contain symbols")]
    StageName(String),
    /// An instruction that may not be a trigger.
    #[error("{0} isn't allowed as an ONBUILD trigger")]
    Trigger(&'static str),
    /// Anything about a value: a duration, a count, a platform.
    #[error("{0}")]
    Value(String),
    /// A substitution `${…}` or a quote that cannot be read.
    #[error("{0}")]
    Expansion(#[from] crate::expand::ExpandError),
}

fn did_you_mean(suggestion: &Option<&'static str>) -> String {
    suggestion.map(|word| format!(" (did you mean {word}?)")).unwrap_or_default()
}

/// The word of `known` that is spelt most like `word`, if one is at most two letters away.
pub(crate) fn nearest(word: &str, known: &[&'static str]) -> Option<&'static str> {
    let word: Vec<char> = word.chars().take(32).collect();
    let scored = known.iter().map(|candidate| (distance(&word, candidate), *candidate));
    scored.filter(|(d, candidate)| *d <= 2 && *d < candidate.len()).min().map(|(_, candidate)| candidate)
}

/// The Levenshtein distance.
fn distance(a: &[char], b: &str) -> usize {
    let mut row: Vec<usize> = (0..=a.len()).collect();
    for (i, cb) in b.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, ca) in a.iter().enumerate() {
            let replaced = diagonal + usize::from(*ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[a.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_suggested() {
        let known = ["RUN", "ARG", "ENTRYPOINT"];
        assert_eq!(nearest("RUNN", &known), Some("RUN"));
        assert_eq!(nearest("ENTRPOINT", &known), Some("ENTRYPOINT"));
        assert_eq!(nearest("BANANA", &known), None);
    }
}
