//! Patterns of names, as Go's `path.Match` has them.

/// Whether `text` matches: `*` and `?` stand for anything but `/`, `[a-z]` and `[^a-z]` for one of a set, `\` takes the next
/// character as it is. A malformed pattern matches nothing.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    from(&pattern, &text)
}

fn from(pattern: &[char], text: &[char]) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return text.is_empty() };
    if *first == '*' {
        let slash = text.iter().position(|c| *c == '/').unwrap_or(text.len());
        return (0..=slash).any(|skip| from(rest, &text[skip..]));
    }
    let Some((next, after)) = text.split_first() else { return false };
    match (first, rest) {
        ('?', _) => *next != '/' && from(rest, after),
        ('[', _) => set(rest, *next).is_some_and(|(hit, rest)| hit && *next != '/' && from(rest, after)),
        ('\\', [quoted, rest @ ..]) => quoted == next && from(rest, after),
        _ => first == next && from(rest, after),
    }
}

/// Whether a set has the character, and the pattern behind it.
fn set(pattern: &[char], wanted: char) -> Option<(bool, &[char])> {
    let (negated, mut rest) = match pattern {
        ['^', rest @ ..] => (true, rest),
        _ => (false, pattern),
    };
    let mut hit = false;
    let mut first = true;
    loop {
        rest = match rest {
            [']', after @ ..] if !first => return Some((hit != negated, after)),
            [low, '-', high, after @ ..] if *high != ']' => {
                hit |= (*low..=*high).contains(&wanted);
                after
            }
            [one, after @ ..] => {
                hit |= *one == wanted;
                after
            }
            [] => return None,
        };
        first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_as_in_go() {
        for (pattern, text) in
            [("deb*", "debian"), ("*/app", "me/app"), ("d?b[a-i]an", "debian"), ("[^x]*", "a:1"), ("a\\*", "a*")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("deb*", "me/debian"), ("*", "a/b"), ("[a", "a"), ("?", ""), ("a", "ab")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
