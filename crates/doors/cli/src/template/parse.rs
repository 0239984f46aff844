//! Reads a template.

use serde_json::Value;

use super::ast::{Base, Node, Operand, Pipeline};
use super::chars::{Chars, closing_quote};
use super::{Result, TemplateError, functions};

/// A template's text, cut at its actions.
enum Piece<'a> {
    Text(&'a str),
    Action(&'a str),
}

/// What ended a list of nodes.
#[derive(PartialEq)]
enum Stop<'a> {
    Eof,
    End,
    Else(&'a str),
}

/// Reads a whole template.
pub(super) fn template(text: &str) -> Result<Vec<Node>> {
    let pieces = cut(text)?;
    let mut pieces = pieces.iter();
    let (nodes, end) = list(&mut pieces)?;
    match end {
        Stop::Eof => Ok(nodes),
        Stop::End => Err(TemplateError("unexpected {{end}}".into())),
        Stop::Else(_) => Err(TemplateError("unexpected {{else}}".into())),
    }
}

fn cut(text: &str) -> Result<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut trim = false;
    while let Some((before, after)) = rest.split_once("{{") {
        let before = if trim { before.trim_start() } else { before };
        let trim_before = after.starts_with("- ");
        pieces.push(Piece::Text(if trim_before { before.trim_end() } else { before }));
        let after = if trim_before { &after[2..] } else { after };
        let end = action_end(after).ok_or_else(|| TemplateError("unclosed action".into()))??;
        let action = &after[..end];
        trim = action.ends_with(" -");
        pieces.push(Piece::Action(action.strip_suffix(" -").unwrap_or(action).trim()));
        rest = &after[end + 2..];
    }
    pieces.push(Piece::Text(if trim { rest.trim_start() } else { rest }));
    Ok(pieces)
}

/// Where `}}` is, outside strings and comments.
fn action_end(text: &str) -> Option<Result<usize>> {
    if text.trim_start().starts_with("/*") {
        let comment = text.find("*/")?;
        return text[comment..].find("}}").map(|at| Ok(comment + at));
    }
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        at += match rest.as_bytes()[0] {
            b'}' if rest.starts_with("}}") => return Some(Ok(at)),
            b'"' => match closing_quote(rest) {
                Some(length) => length,
                None => return Some(Err(TemplateError("unterminated quoted string".into()))),
            },
            b'`' => rest[1..].find('`')? + 2,
            _ => rest.chars().next()?.len_utf8(),
        };
    }
    None
}

fn list<'a>(pieces: &mut std::slice::Iter<'_, Piece<'a>>) -> Result<(Vec<Node>, Stop<'a>)> {
    let mut nodes = Vec::new();
    while let Some(piece) = pieces.next() {
        let action = match piece {
            Piece::Text("") => continue,
            Piece::Text(text) => {
                nodes.push(Node::Text((*text).to_owned()));
                continue;
            }
            Piece::Action(action) => *action,
        };
        let (word, rest) = action.split_once(char::is_whitespace).unwrap_or((action, ""));
        match word {
            _ if action.starts_with("/*") => {}
            "end" => return Ok((nodes, Stop::End)),
            "else" => return Ok((nodes, Stop::Else(rest.trim()))),
            "break" => nodes.push(Node::Break),
            "continue" => nodes.push(Node::Continue),
            "if" | "with" | "range" => nodes.push(block(word, rest, pieces)?),
            _ => nodes.push(Node::Print(whole_pipeline(action)?)),
        }
    }
    Ok((nodes, Stop::Eof))
}

fn block(word: &str, head: &str, pieces: &mut std::slice::Iter<'_, Piece<'_>>) -> Result<Node> {
    let value = whole_pipeline(head)?;
    let (then, end) = list(pieces)?;
    let otherwise = match end {
        Stop::Eof => return Err(TemplateError("unexpected EOF".into())),
        Stop::End => Vec::new(),
        Stop::Else("") => match list(pieces)? {
            (nodes, Stop::End) => nodes,
            _ => return Err(TemplateError("unexpected EOF".into())),
        },
        // `{{else if …}}` is a block of its own that shares the end.
        Stop::Else(rest) => {
            let (word, head) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            if word != "if" && word != "with" {
                return Err(TemplateError(format!("unexpected {rest:?} after else")));
            }
            vec![block(word, head, pieces)?]
        }
    };
    Ok(match word {
        "if" => Node::If { condition: value, then, otherwise },
        "with" => Node::With { value, then, otherwise },
        _ => Node::Range { over: value, body: then, otherwise },
    })
}

fn whole_pipeline(text: &str) -> Result<Pipeline> {
    let mut chars = Chars::new(text);
    let pipeline = pipeline(&mut chars)?;
    if chars.is_done() { Ok(pipeline) } else { Err(TemplateError(format!("unexpected {:?} in operand", chars.rest()))) }
}

fn pipeline(chars: &mut Chars<'_>) -> Result<Pipeline> {
    let (sets, declares) = variables(chars);
    let mut commands = vec![command(chars)?];
    while chars.take("|") {
        commands.push(command(chars)?);
    }
    Ok(Pipeline { sets, declares, commands })
}

/// `$a, $b :=`, if that is what it begins with.
fn variables(chars: &mut Chars<'_>) -> (Vec<String>, bool) {
    let mut ahead = Chars::new(chars.rest());
    let mut names = Vec::new();
    loop {
        ahead.skip_space();
        if !ahead.take("$") {
            return (Vec::new(), false);
        }
        names.push(ahead.word().to_owned());
        ahead.skip_space();
        if ahead.take(",") {
            continue;
        }
        let declares = ahead.take(":=");
        if !declares && !ahead.take("=") {
            return (Vec::new(), false);
        }
        *chars = ahead;
        return (names, declares);
    }
}

fn command(chars: &mut Chars<'_>) -> Result<Vec<Operand>> {
    let mut operands = Vec::new();
    loop {
        chars.skip_space();
        match chars.peek() {
            None | Some('|' | ')') => break,
            Some(_) => operands.push(operand(chars)?),
        }
    }
    if operands.is_empty() { Err(TemplateError("missing value for command".into())) } else { Ok(operands) }
}

fn operand(chars: &mut Chars<'_>) -> Result<Operand> {
    let base = match chars.peek() {
        Some('.') => Base::Dot,
        Some('$') => {
            chars.take("$");
            Base::Variable(chars.word().to_owned())
        }
        Some('"' | '`') => Base::Literal(Value::String(chars.string()?)),
        Some(c) if c.is_ascii_digit() || c == '-' || c == '+' => Base::Literal(chars.number()?),
        Some('(') => group(chars)?,
        _ => word(chars)?,
    };
    let mut fields = Vec::new();
    while chars.take(".") {
        let name = chars.word();
        if name.is_empty() {
            break;
        }
        fields.push(name.to_owned());
    }
    Ok(Operand { base, fields })
}

fn group(chars: &mut Chars<'_>) -> Result<Base> {
    chars.take("(");
    let inner = pipeline(chars)?;
    if chars.take(")") { Ok(Base::Group(Box::new(inner))) } else { Err(TemplateError("unclosed left paren".into())) }
}

fn word(chars: &mut Chars<'_>) -> Result<Base> {
    let rest = chars.rest();
    Ok(match chars.word() {
        "" => return Err(TemplateError(format!("unexpected {:?} in operand", rest.chars().next().unwrap_or(' ')))),
        "true" => Base::Literal(Value::Bool(true)),
        "false" => Base::Literal(Value::Bool(false)),
        "nil" => Base::Literal(Value::Null),
        name if functions::is_known(name) => Base::Function(name.to_owned()),
        name => return Err(TemplateError(format!("function {name:?} not defined"))),
    })
}
