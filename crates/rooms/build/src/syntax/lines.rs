//! Physical lines to logical ones: continuations, comments, here-documents.

use super::{Heredoc, Position, Problem, heredoc};

/// One instruction's text in one line, with the place each part of it came from.
pub(super) struct Line {
    pub text: String,
    pub heredocs: Vec<Heredoc>,
    /// Where the bytes from this offset on stand in the file, in rising order.
    origins: Vec<(usize, Position)>,
}

/// What went wrong, and where.
pub(super) type At<T> = Result<T, (Position, Problem)>;

impl Line {
    /// Where the byte at `offset` of the text stands in the file.
    pub fn at(&self, offset: usize) -> Position {
        let part = self.origins.partition_point(|(start, _)| *start <= offset).saturating_sub(1);
        let Some((start, origin)) = self.origins.get(part) else { return Position { line: 1, column: 1 } };
        let before = self.text.get(*start..offset).map_or(0, |text| text.chars().count());
        Position {
            line: origin.line,
            column: origin.column + u32::try_from(before).unwrap_or(u32::MAX - origin.column),
        }
    }

    fn push(&mut self, text: &str, line: u32, column: u32) {
        self.origins.push((self.text.len(), Position { line, column }));
        self.text.push_str(text);
    }
}

/// Reads a text line by line.
pub(super) struct Lines<'a> {
    rest: std::iter::Enumerate<std::str::Lines<'a>>,
    escape: char,
}

impl<'a> Lines<'a> {
    pub fn new(text: &'a str, escape: char) -> Self {
        Self { rest: text.lines().enumerate(), escape }
    }

    /// The next instruction, none at the end of the file.
    pub fn next(&mut self) -> At<Option<Line>> {
        while let Some((number, raw)) = self.raw() {
            let text = raw.trim_start();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let mut line = Line { text: String::new(), heredocs: Vec::new(), origins: Vec::new() };
            let indent = raw[..raw.len() - text.len()].chars().count() as u32;
            self.gather(&mut line, text, number, indent + 1);
            self.heredocs(&mut line)?;
            return Ok(Some(line));
        }
        Ok(None)
    }

    fn raw(&mut self) -> Option<(u32, &'a str)> {
        self.rest.next().map(|(index, text)| (index as u32 + 1, text))
    }

    /// Joins continued lines; comments and blank lines between them are skipped.
    fn gather(&mut self, line: &mut Line, first: &'a str, number: u32, column: u32) {
        let mut continued = self.part(line, first, number, column);
        while continued {
            let Some((number, raw)) = self.raw() else { break };
            let trimmed = raw.trim_start();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            continued = self.part(line, raw, number, 1);
        }
        line.text.truncate(line.text.trim_end().len());
    }

    /// Takes one physical line; whether the next one belongs to it.
    fn part(&self, line: &mut Line, text: &str, number: u32, column: u32) -> bool {
        let bare = text.trim_end_matches([' ', '\t']).strip_suffix(self.escape);
        match bare.filter(|rest| !rest.ends_with(self.escape)) {
            Some(rest) => {
                line.push(rest, number, column);
                true
            }
            None => {
                line.push(text, number, column);
                false
            }
        }
    }

    fn heredocs(&mut self, line: &mut Line) -> At<()> {
        for (offset, mut document) in heredoc::find(&line.text, self.escape) {
            let strip = document.word.contains("<<-");
            let mut ended = false;
            while let Some((_, raw)) = self.raw() {
                let text = if strip { raw.trim_start_matches('\t') } else { raw };
                if text == document.name {
                    ended = true;
                    break;
                }
                document.content.push_str(text);
                document.content.push('\n');
            }
            if !ended {
                return Err((line.at(offset), Problem::UnterminatedHeredoc(document.name)));
            }
            line.heredocs.push(document);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<String> {
        let mut lines = Lines::new(text, '\\');
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            found.push(line.text);
        }
        found
    }

    #[test]
    fn continuations_are_joined() {
        assert_eq!(all("RUN a \\\n  b\n"), ["RUN a   b"]);
        assert_eq!(all("RUN a \\\n# c\n\n   # d\n b\nX"), ["RUN a  b", "X"]);
        assert_eq!(all("RUN a \\  \r\n b\r\n"), ["RUN a  b"]);
        assert_eq!(all("RUN a \\\\\nX"), ["RUN a \\\\", "X"]);
        assert_eq!(all("RUN a \\"), ["RUN a"]);
        assert_eq!(all("\\\nRUN a"), ["RUN a"]);
        assert_eq!(all("# only\n\n"), [""; 0]);
    }

    #[test]
    fn places_are_those_of_the_file() {
        let mut lines = Lines::new("\n  RUN é \\\n # no\n  b", '\\');
        let line = lines.next().unwrap().unwrap();
        assert_eq!(line.at(0), Position { line: 2, column: 3 });
        assert_eq!(line.at(line.text.len() - 1), Position { line: 4, column: 3 });
    }
}
