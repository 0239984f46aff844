//! JSON, indented as Go does, with members in the order in which they came.

use std::iter::Peekable;
use std::str::Chars;

/// Indents a JSON document by four spaces a level, each line behind `prefix`.
pub(crate) fn indent(json: &[u8], prefix: &str) -> String {
    let text = String::from_utf8_lossy(json);
    let mut writer = Writer { out: String::with_capacity(text.len() * 2), prefix, depth: 0 };
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => writer.string(&mut chars),
            '{' | '[' => writer.open(c, &mut chars),
            '}' | ']' => writer.close(c),
            ',' => {
                writer.out.push(c);
                writer.newline();
            }
            ':' => writer.out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => writer.out.push(c),
        }
    }
    writer.out
}

struct Writer<'a> {
    out: String,
    prefix: &'a str,
    depth: usize,
}

impl Writer<'_> {
    /// The rest of a string, as it is.
    fn string(&mut self, chars: &mut Peekable<Chars<'_>>) {
        self.out.push('"');
        while let Some(c) = chars.next() {
            self.out.push(c);
            match c {
                '\\' => self.out.extend(chars.next()),
                '"' => return,
                _ => {}
            }
        }
    }

    /// An empty object or list stays on its line.
    fn open(&mut self, bracket: char, chars: &mut Peekable<Chars<'_>>) {
        self.out.push(bracket);
        while chars.next_if(char::is_ascii_whitespace).is_some() {}
        match chars.next_if(|&next| next == '}' || next == ']') {
            Some(close) => self.out.push(close),
            None => {
                self.depth += 1;
                self.newline();
            }
        }
    }

    fn close(&mut self, bracket: char) {
        self.depth = self.depth.saturating_sub(1);
        self.newline();
        self.out.push(bracket);
    }

    fn newline(&mut self) {
        self.out.push('\n');
        self.out.push_str(self.prefix);
        self.out.extend(std::iter::repeat_n("    ", self.depth));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn documents_are_indented() {
        let json = br#"{"b":[1, {}], "a":"x:{\"y\",", "e":[ ]}"#;
        let expected =
            "{\n    \"b\": [\n        1,\n        {}\n    ],\n    \"a\": \"x:{\\\"y\\\",\",\n    \"e\": []\n}";
        assert_eq!(super::indent(json, ""), expected);
    }
}
