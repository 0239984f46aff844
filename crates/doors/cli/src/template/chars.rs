//! A cursor over the text of one action.

use serde_json::Value;

use super::{Result, TemplateError};

/// A cursor.
pub(super) struct Chars<'a> {
    rest: &'a str,
}

impl<'a> Chars<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    /// Goes behind `prefix` if it is next.
    pub(super) fn take(&mut self, prefix: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(prefix) else { return false };
        self.rest = rest;
        true
    }

    /// Goes behind white space; says whether there was any.
    pub(super) fn skip_space(&mut self) -> bool {
        let before = self.rest.len();
        self.rest = self.rest.trim_start();
        before != self.rest.len()
    }

    /// A name of letters, digits and `_`; empty where none is next.
    pub(super) fn word(&mut self) -> &'a str {
        let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    /// A number; the cursor is on its first character.
    pub(super) fn number(&mut self) -> Result<Value> {
        let end =
            self.rest.find(|c: char| !c.is_ascii_alphanumeric() && !"+-._".contains(c)).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        let whole = text.parse::<i64>().ok().map(Value::from);
        let number = whole.or_else(|| text.parse::<f64>().ok().map(Value::from));
        number.ok_or_else(|| TemplateError(format!("bad number syntax: {text:?}")))
    }

    /// A string in double quotes or backquotes; the cursor is on the quote.
    pub(super) fn string(&mut self) -> Result<String> {
        let unterminated = || TemplateError("unterminated quoted string".into());
        if self.take("`") {
            let (text, rest) = self.rest.split_once('`').ok_or_else(unterminated)?;
            self.rest = rest;
            return Ok(text.to_owned());
        }
        let end = closing_quote(self.rest).ok_or_else(unterminated)?;
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        unescape(&text[1..text.len() - 1])
    }
}

/// Length of a double-quoted string that begins `text`, both quotes included.
pub(super) fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn unescape(text: &str) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        out.push(match chars.next() {
            Some('n') => '\n',
            Some('t') => '\t',
            Some('r') => '\r',
            Some('0') => '\0',
            Some(c @ ('\\' | '"' | '\'')) => c,
            other => return Err(TemplateError(format!("unknown escape sequence: \\{}", other.unwrap_or(' ')))),
        });
    }
    Ok(out)
}
