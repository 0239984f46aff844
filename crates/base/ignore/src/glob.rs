//! One pattern: Go's `filepath.Match`, and Docker's extension of it by `**`.

use crate::IgnoreError;

/// A compiled pattern. Matching simulates all states at once, so no pattern makes it slow.
#[derive(Debug, Clone)]
pub struct Glob {
    tokens: Vec<Token>,
}

#[derive(Debug, Clone)]
enum Token {
    /// Exactly this character.
    Literal(char),
    /// `?`: one character but `/`.
    One,
    /// `[…]`: one character in (or, negated, not in) the ranges.
    Class { negated: bool, ranges: Vec<(char, char)> },
    /// `*`: any characters but `/`.
    Star,
    /// `**` at the end: any characters.
    Rest,
    /// Goes on either at the next token or behind it: together with [`Token::Folders`] the `(.*/)?` of a `**/`.
    Fork,
    /// Any characters, left only behind a `/`.
    Folders,
}

impl Glob {
    /// Compiles a pattern of an ignore file, where `**` matches any number of folders.
    pub fn deep(pattern: &str) -> Result<Self, IgnoreError> {
        Compiler { deep: true, pattern, rest: pattern.chars().peekable() }.compile()
    }

    /// Compiles a pattern of Go's `filepath.Match`, where `*` never crosses a `/`.
    pub fn shallow(pattern: &str) -> Result<Self, IgnoreError> {
        Compiler { deep: false, pattern, rest: pattern.chars().peekable() }.compile()
    }

    /// Whether the whole of `path` matches.
    pub fn matches(&self, path: &str) -> bool {
        let mut now = vec![false; self.tokens.len() + 1];
        self.enter(&mut now, 0);
        for c in path.chars() {
            let mut next = vec![false; self.tokens.len() + 1];
            for state in (0..self.tokens.len()).filter(|state| now[*state]) {
                self.advance(&mut next, state, c);
            }
            now = next;
        }
        now[self.tokens.len()]
    }

    /// Marks a state, and those that can be reached from it without reading a character.
    fn enter(&self, states: &mut [bool], mut state: usize) {
        while let Some(token) = self.tokens.get(state) {
            states[state] = true;
            match token {
                Token::Star | Token::Rest => state += 1,
                Token::Fork => {
                    states[state + 1] = true;
                    state += 2;
                }
                _ => return,
            }
        }
        states[self.tokens.len()] = true;
    }

    fn advance(&self, next: &mut [bool], state: usize, c: char) {
        match &self.tokens[state] {
            Token::Literal(expected) if *expected == c => self.enter(next, state + 1),
            Token::One if c != '/' => self.enter(next, state + 1),
            Token::Class { negated, ranges }
                if ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated =>
            {
                self.enter(next, state + 1);
            }
            Token::Star if c != '/' => self.enter(next, state),
            Token::Rest => self.enter(next, state),
            Token::Folders => {
                next[state] = true;
                if c == '/' {
                    self.enter(next, state + 1);
                }
            }
            _ => {}
        }
    }
}

struct Compiler<'a> {
    deep: bool,
    pattern: &'a str,
    rest: std::iter::Peekable<std::str::Chars<'a>>,
}

impl Compiler<'_> {
    fn compile(mut self) -> Result<Glob, IgnoreError> {
        let mut tokens = Vec::new();
        while let Some(c) = self.rest.next() {
            match c {
                '*' => self.star(&mut tokens),
                '?' => tokens.push(Token::One),
                '[' => tokens.push(self.class()?),
                '\\' => tokens.push(Token::Literal(self.escaped()?)),
                c => tokens.push(Token::Literal(c)),
            }
        }
        Ok(Glob { tokens })
    }

    /// `*`, `**` at the end, `**/` and `**` before anything else (the last two mean the same).
    fn star(&mut self, tokens: &mut Vec<Token>) {
        if !self.deep || self.rest.next_if_eq(&'*').is_none() {
            tokens.push(Token::Star);
            return;
        }
        while self.rest.next_if_eq(&'*').is_some() {}
        self.rest.next_if_eq(&'/');
        match self.rest.peek() {
            None => tokens.push(Token::Rest),
            Some(_) => tokens.extend([Token::Fork, Token::Folders]),
        }
    }

    fn class(&mut self) -> Result<Token, IgnoreError> {
        let negated = self.rest.next_if_eq(&'^').is_some();
        let mut ranges = Vec::new();
        loop {
            let low = match self.rest.next() {
                None => return Err(self.error("missing ]")),
                Some(']') if !ranges.is_empty() => return Ok(Token::Class { negated, ranges }),
                Some(']' | '-') => return Err(self.error("bad character class")),
                Some('\\') => self.escaped()?,
                Some(c) => c,
            };
            let high = match self.rest.next_if_eq(&'-') {
                None => low,
                Some(_) => match self.rest.next() {
                    Some('\\') => self.escaped()?,
                    Some(c) if c != ']' && c != '-' => c,
                    _ => return Err(self.error("bad range in character class")),
                },
            };
            ranges.push((low, high));
        }
    }

    fn escaped(&mut self) -> Result<char, IgnoreError> {
        self.rest.next().ok_or_else(|| self.error("nothing behind \\"))
    }

    fn error(&self, reason: &'static str) -> IgnoreError {
        IgnoreError::Pattern { pattern: self.pattern.to_owned(), reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_patterns_match_as_docker_matches() {
        let table = [
            ("**", "file", true),
            ("**", "dir/file", true),
            ("**/", "file", true),
            ("**/**", "dir/file", true),
            ("dir/**", "dir/file", true),
            ("dir/**", "dir/dir2/file", true),
            ("**/dir", "dir", true),
            ("**/dir", "dirfile", false),
            ("**/dir", "a/b/dir", true),
            ("**/dir2/*", "dir/dir2/file", true),
            ("**/dir2/*", "dir/dir2/dir2/file", true),
            ("**file", "file", true),
            ("**file", "dir/file", true),
            ("**/file", "dir/file", true),
            ("**file", "xfile", false),
            ("**/file", "filex", false),
            ("a**/*a", "ab/ca", true),
            ("abc/**", "abc", false),
            ("*.md", "a/b.md", false),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("a[b-d]c", "acc", true),
            ("a[^b-d]c", "acc", false),
            ("a\\*c", "a*c", true),
            ("a\\*c", "abc", false),
            ("日*語", "日本語", true),
            (".a.", "xab", false),
        ];
        for (pattern, path, expected) in table {
            assert_eq!(Glob::deep(pattern).unwrap().matches(path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn shallow_patterns_never_cross_a_folder() {
        assert!(Glob::shallow("**/x").unwrap().matches("a/x"));
        assert!(!Glob::shallow("**/x").unwrap().matches("a/b/x"));
        assert!(!Glob::shallow("*").unwrap().matches("a/b"));
    }

    #[test]
    fn broken_patterns_are_refused() {
        for bad in ["[", "[]", "[a", "[a-]", "[-a]", "a\\", "[\\"] {
            assert!(Glob::deep(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn hostile_patterns_stay_fast() {
        let pattern = "*a".repeat(2_000);
        assert!(!Glob::deep(&pattern).unwrap().matches(&"a".repeat(1_000)));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(pattern in "\\PC{0,40}", path in "\\PC{0,40}") {
            if let Ok(glob) = Glob::deep(&pattern) {
                glob.matches(&path);
            }
        }
    }
}
