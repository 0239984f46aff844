//! The patterns of `${x#p}`, `${x%p}` and `${x/p/r}`: `*`, `?`, and `\` before a character that stands for itself.

use super::{ExpandError, Result};

/// More steps than this are not spent on one substitution.
const WORK_LIMIT: usize = 1 << 26;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Literal(char),
    One,
    Star,
}

/// The value without the shortest or longest prefix that matches.
pub(super) fn trim_prefix(value: &str, pattern: &str, longest: bool) -> Result<String> {
    let text: Vec<char> = value.chars().collect();
    let tokens = compile(pattern);
    affordable(text.len(), tokens.len())?;
    let cut = length(&text, &tokens, longest).unwrap_or(0);
    Ok(text[cut..].iter().collect())
}

/// The value without the shortest or longest suffix that matches.
pub(super) fn trim_suffix(value: &str, pattern: &str, longest: bool) -> Result<String> {
    let text: Vec<char> = value.chars().rev().collect();
    let mut tokens = compile(pattern);
    tokens.reverse();
    affordable(text.len(), tokens.len())?;
    let cut = length(&text, &tokens, longest).unwrap_or(0);
    Ok(text[cut..].iter().rev().collect())
}

/// The value with the first longest match, or every one, replaced.
pub(super) fn replace(value: &str, pattern: &str, replacement: &str, all: bool) -> Result<String> {
    let text: Vec<char> = value.chars().collect();
    let tokens = compile(pattern);
    affordable(text.len().saturating_mul(text.len()), tokens.len())?;
    let mut result = String::new();
    let mut at = 0;
    while at < text.len() {
        match length(&text[at..], &tokens, true).filter(|found| *found > 0) {
            Some(found) => {
                result.push_str(replacement);
                at += found;
                if !all {
                    break;
                }
            }
            None => {
                result.push(text[at]);
                at += 1;
            }
        }
    }
    result.extend(&text[at..]);
    Ok(result)
}

fn compile(pattern: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '*' if tokens.last() == Some(&Token::Star) => {}
            '*' => tokens.push(Token::Star),
            '?' => tokens.push(Token::One),
            '\\' => tokens.push(Token::Literal(chars.next().unwrap_or('\\'))),
            c => tokens.push(Token::Literal(c)),
        }
    }
    tokens
}

fn affordable(text: usize, tokens: usize) -> Result<()> {
    match text.saturating_mul(tokens) > WORK_LIMIT {
        true => Err(ExpandError::TooLarge { limit: WORK_LIMIT, unit: "steps of pattern matching" }),
        false => Ok(()),
    }
}

/// The length of the shortest or longest prefix of `text` that the whole pattern matches.
fn length(text: &[char], tokens: &[Token], longest: bool) -> Option<usize> {
    let mut now = vec![false; tokens.len() + 1];
    enter(&mut now, tokens, 0);
    let mut found = None;
    for index in 0..=text.len() {
        if now[tokens.len()] {
            found = Some(index);
            if !longest {
                return found;
            }
        }
        let Some(c) = text.get(index) else { break };
        let mut next = vec![false; tokens.len() + 1];
        for state in (0..tokens.len()).filter(|state| now[*state]) {
            match tokens[state] {
                Token::Star => enter(&mut next, tokens, state),
                Token::One => enter(&mut next, tokens, state + 1),
                Token::Literal(expected) if expected == *c => enter(&mut next, tokens, state + 1),
                Token::Literal(_) => {}
            }
        }
        if !next.contains(&true) {
            break;
        }
        now = next;
    }
    found
}

fn enter(states: &mut [bool], tokens: &[Token], state: usize) {
    states[state] = true;
    if tokens.get(state) == Some(&Token::Star) {
        states[state + 1] = true;
    }
}
