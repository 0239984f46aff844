//! Splitting an instruction into words, without taking quotes or variables away.

/// A word as it is written, and where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word<'a> {
    pub offset: usize,
    pub text: &'a str,
}

/// Splits at white space that is neither quoted nor escaped. A quote that is never closed reaches to the end.
pub(super) fn split(text: &str, escape: char) -> Vec<Word<'_>> {
    scan(text, escape).0
}

/// The same; none where a quote is never closed.
pub(super) fn split_closed(text: &str, escape: char) -> Option<Vec<Word<'_>>> {
    let (words, closed) = scan(text, escape);
    closed.then_some(words)
}

/// Splits at white space only.
pub(super) fn plain(text: &str) -> Vec<Word<'_>> {
    let start = text.as_ptr() as usize;
    text.split_whitespace().map(|word| Word { offset: word.as_ptr() as usize - start, text: word }).collect()
}

fn scan(text: &str, escape: char) -> (Vec<Word<'_>>, bool) {
    let mut words = Vec::new();
    let mut start: Option<usize> = None;
    let mut quote: Option<char> = None;
    let mut chars = text.char_indices();
    while let Some((index, c)) = chars.next() {
        if quote.is_none() && c.is_whitespace() {
            if let Some(begin) = start.take() {
                words.push(Word { offset: begin, text: &text[begin..index] });
            }
            continue;
        }
        start.get_or_insert(index);
        match (quote, c) {
            (quote, c) if c == escape && quote != Some('\'') => {
                chars.next();
            }
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            _ => {}
        }
    }
    if let Some(begin) = start {
        words.push(Word { offset: begin, text: &text[begin..] });
    }
    (words, quote.is_none())
}

/// The text without its quotes and escapes; variables stay.
pub(super) fn unquote(text: &str, escape: char) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut quote: Option<char> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (quote, c) if c == escape && quote != Some('\'') => plain.extend(chars.next()),
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            _ => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        split(text, '\\').into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn quotes_and_escapes_keep_words_together() {
        assert_eq!(texts(r#"a="b c" d\ e 'f "g' h"#), [r#"a="b c""#, r"d\ e", r#"'f "g'"#, "h"]);
        assert_eq!(texts(r#"a "open b"#), ["a", r#""open b"#]);
        assert_eq!(texts("  "), [""; 0]);
        assert!(split_closed("it's", '\\').is_none());
        assert_eq!(plain(" a  b")[1], Word { offset: 4, text: "b" });
        assert_eq!(unquote(r#""a b"'c\'\d"#, '\\'), r"a bc\d");
    }
}
