//! Variable expansion: `$x`, `${x:-default}` and their kin, with the quotes and escapes of the Dockerfile language.
//!
//! The input is untrusted: nesting and the size of the result are bounded, patterns are matched without backtracking.

mod pattern;

use std::iter::Peekable;
use std::str::Chars;

/// A result longer than this many bytes is refused: `ENV a=$a$a` repeated would double for ever.
const SIZE_LIMIT: usize = 1 << 20;
/// `${a:-${b:-…}}` nested deeper than this is refused.
const DEPTH_LIMIT: u32 = 32;

/// Why a text cannot be expanded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpandError {
    /// A quote is never closed.
    #[error("unexpected end of statement while looking for matching {0}-quote")]
    Quote(&'static str),
    /// `${` without `}`, or another mark that is missing.
    #[error("syntax error: missing {0:?} in substitution")]
    Missing(char),
    /// `${` is followed by something that is no name.
    #[error("syntax error: bad substitution")]
    BadSubstitution,
    /// `${x@…}`
    #[error("unsupported modifier {modifier:?} in substitution of {name}")]
    Modifier {
        /// The variable.
        name: String,
        /// What stands behind its name.
        modifier: String,
    },
    /// `${x:?message}` of a variable that is not set.
    #[error("{name}: {message}")]
    Required {
        /// The variable.
        name: String,
        /// The user's message, or the default one.
        message: String,
    },
    /// The result, or the nesting, is out of bounds.
    #[error("the expansion of variables gives more than {limit} {unit}")]
    TooLarge {
        /// How many are allowed.
        limit: usize,
        /// Of what.
        unit: &'static str,
    },
}

type Result<T> = std::result::Result<T, ExpandError>;

/// Expands texts in one environment.
pub struct Expander<'a> {
    /// The escape character of the Dockerfile.
    pub escape: char,
    /// The value of a variable, none where it is not set.
    pub lookup: &'a dyn Fn(&str) -> Option<String>,
}

impl Expander<'_> {
    /// Expands a text to one word: quotes and escapes are taken away, white space stays.
    pub fn word(&self, text: &str) -> Result<String> {
        let mut words = self.scan(text, Mode::default())?;
        Ok(words.pop().unwrap_or_default())
    }

    /// Expands a text to words: white space outside quotes separates, also that which comes out of a variable.
    pub fn words(&self, text: &str) -> Result<Vec<String>> {
        self.scan(text, Mode { split: true, ..Mode::default() })
    }

    /// Expands the variables of a here-document: quotes are ordinary characters, an escape works on `$` and on itself only.
    pub fn document(&self, text: &str) -> Result<String> {
        let mut words = self.scan(text, Mode { document: true, ..Mode::default() })?;
        Ok(words.pop().unwrap_or_default())
    }

    fn scan(&self, text: &str, mode: Mode) -> Result<Vec<String>> {
        let mut scanner = Scanner { expander: self, rest: text.chars().peekable(), depth: 0 };
        let mut words = Words { split: mode.split, ..Words::default() };
        scanner.until(None, mode, &mut words)?;
        Ok(words.finish())
    }
}

/// How the text at hand is read.
#[derive(Debug, Clone, Copy, Default)]
struct Mode {
    /// Words are wanted.
    split: bool,
    /// Escapes are kept: a pattern will read them.
    raw: bool,
    /// The text of a here-document.
    document: bool,
}

/// Collects words.
#[derive(Default)]
struct Words {
    split: bool,
    done: Vec<String>,
    current: String,
    started: bool,
}

impl Words {
    fn literal(&mut self, c: char) {
        self.started = true;
        self.current.push(c);
    }

    fn quoted(&mut self, text: &str) -> Result<()> {
        self.started = true;
        self.current.push_str(text);
        bounded(&self.current)
    }

    /// What a variable gave, outside quotes.
    fn value(&mut self, text: &str) -> Result<()> {
        for c in text.chars() {
            match self.split && c.is_whitespace() {
                true => self.separate(),
                false => self.literal(c),
            }
        }
        bounded(&self.current)
    }

    fn separate(&mut self) {
        if std::mem::take(&mut self.started) {
            self.done.push(std::mem::take(&mut self.current));
        }
    }

    fn finish(mut self) -> Vec<String> {
        self.separate();
        self.done
    }
}

struct Scanner<'a> {
    expander: &'a Expander<'a>,
    rest: Peekable<Chars<'a>>,
    depth: u32,
}

impl Scanner<'_> {
    /// Reads up to `stop`, which is consumed, or to the end of the text where there is none.
    fn until(&mut self, stop: Option<char>, mode: Mode, words: &mut Words) -> Result<()> {
        while let Some(c) = self.rest.next() {
            match c {
                c if Some(c) == stop => return Ok(()),
                '\'' if !mode.document => words.quoted(&self.single_quoted()?)?,
                '"' if !mode.document => words.quoted(&self.double_quoted()?)?,
                '$' => {
                    let value = self.dollar()?;
                    words.value(&value)?;
                }
                c if c == self.expander.escape => self.escaped(mode, words),
                c if mode.split && c.is_whitespace() => words.separate(),
                c => words.literal(c),
            }
        }
        stop.map_or(Ok(()), |stop| Err(ExpandError::Missing(stop)))
    }

    fn escaped(&mut self, mode: Mode, words: &mut Words) {
        let escape = self.expander.escape;
        let keeps = match mode.document {
            true => !matches!(self.rest.peek(), Some(c) if *c == '$' || *c == escape),
            false => mode.raw,
        };
        if keeps {
            words.literal(if mode.raw { '\\' } else { escape });
        }
        if let Some(c) = self.rest.next_if(|_| !mode.document || !keeps) {
            words.literal(c);
        }
    }

    fn single_quoted(&mut self) -> Result<String> {
        let mut text = String::new();
        loop {
            match self.rest.next() {
                None => return Err(ExpandError::Quote("single")),
                Some('\'') => return Ok(text),
                Some(c) => text.push(c),
            }
        }
    }

    fn double_quoted(&mut self) -> Result<String> {
        let mut text = String::new();
        loop {
            match self.rest.next() {
                None => return Err(ExpandError::Quote("double")),
                Some('"') => return Ok(text),
                Some('$') => text.push_str(&self.dollar()?),
                Some(c) if c == self.expander.escape => match self.rest.next() {
                    None => return Err(ExpandError::Quote("double")),
                    Some(next) if next == '"' || next == '$' || next == self.expander.escape => text.push(next),
                    Some(next) => text.extend([c, next]),
                },
                Some(c) => text.push(c),
            }
            bounded(&text)?;
        }
    }

    /// What stands behind a `$`.
    fn dollar(&mut self) -> Result<String> {
        if self.rest.next_if_eq(&'{').is_none() {
            let name = self.name();
            return Ok(if name.is_empty() { "$".to_owned() } else { self.get(&name).unwrap_or_default() });
        }
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            return Err(ExpandError::TooLarge { limit: DEPTH_LIMIT as usize, unit: "levels" });
        }
        let value = self.braced()?;
        self.depth -= 1;
        Ok(value)
    }

    /// The inside of `${…}`, up to and with the brace that closes it.
    fn braced(&mut self) -> Result<String> {
        let name = self.name();
        let next = self.rest.next();
        if name.is_empty() {
            return Err(if next.is_none() { ExpandError::Missing('}') } else { ExpandError::BadSubstitution });
        }
        match next {
            None => Err(ExpandError::Missing('}')),
            Some('}') => Ok(self.get(&name).unwrap_or_default()),
            Some(':') => match self.rest.next() {
                Some(modifier @ ('-' | '+' | '?')) => self.conditional(&name, modifier, true),
                other => Err(modifier(name, format!(":{}", other.map(String::from).unwrap_or_default()))),
            },
            Some(modifier @ ('-' | '+' | '?')) => self.conditional(&name, modifier, false),
            Some(end @ ('#' | '%')) => self.trimmed(&name, end),
            Some('/') => self.replaced(&name),
            Some(other) => Err(modifier(name, other.to_string())),
        }
    }

    fn conditional(&mut self, name: &str, modifier: char, empty_is_unset: bool) -> Result<String> {
        let word = self.part('}', false)?;
        let value = self.get(name);
        let usable = value.clone().filter(|value| !(empty_is_unset && value.is_empty()));
        match (modifier, usable) {
            ('-', usable) => Ok(usable.unwrap_or(word)),
            ('+', usable) => Ok(usable.map(|_| word).unwrap_or_default()),
            (_, Some(value)) => Ok(value),
            (_, None) => {
                let default = if value.is_some() { "is not allowed to be empty" } else { "is not allowed to be unset" };
                let message = if word.is_empty() { default.to_owned() } else { word };
                Err(ExpandError::Required { name: name.to_owned(), message })
            }
        }
    }

    fn trimmed(&mut self, name: &str, end: char) -> Result<String> {
        let longest = self.rest.next_if_eq(&end).is_some();
        let pattern = self.part('}', true)?;
        let value = self.get(name).unwrap_or_default();
        match end {
            '#' => pattern::trim_prefix(&value, &pattern, longest),
            _ => pattern::trim_suffix(&value, &pattern, longest),
        }
    }

    fn replaced(&mut self, name: &str) -> Result<String> {
        let all = self.rest.next_if_eq(&'/').is_some();
        let pattern = self.part('/', true)?;
        let replacement = self.part('}', false)?;
        let value = self.get(name).unwrap_or_default();
        let text = pattern::replace(&value, &pattern, &replacement, all)?;
        bounded(&text)?;
        Ok(text)
    }

    fn part(&mut self, stop: char, raw: bool) -> Result<String> {
        let mut words = Words::default();
        self.until(Some(stop), Mode { raw, ..Mode::default() }, &mut words)?;
        Ok(words.finish().pop().unwrap_or_default())
    }

    /// A name, a positional parameter, or one of the shell's special parameters.
    fn name(&mut self) -> String {
        let mut name = String::new();
        if let Some(special) = self.rest.next_if(|c| matches!(c, '@' | '*' | '#' | '!' | '$' | '?' | '-')) {
            return special.to_string();
        }
        let number = self.rest.peek().is_some_and(char::is_ascii_digit);
        let belongs = |c: &char| c.is_ascii_digit() || (!number && (c.is_alphanumeric() || *c == '_'));
        while let Some(c) = self.rest.next_if(belongs) {
            name.push(c);
        }
        name
    }

    fn get(&self, name: &str) -> Option<String> {
        (self.expander.lookup)(name)
    }
}

fn modifier(name: String, modifier: String) -> ExpandError {
    ExpandError::Modifier { name, modifier }
}

fn bounded(text: &str) -> Result<()> {
    match text.len() > SIZE_LIMIT {
        true => Err(ExpandError::TooLarge { limit: SIZE_LIMIT, unit: "bytes" }),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests;
