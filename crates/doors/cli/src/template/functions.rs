//! The functions of templates: Go's own that are used, and Docker's.

use std::cmp::Ordering;

use serde_json::Value;

use super::eval::is_true;
use super::print::print;
use super::printf::printf;
use super::{Result, TemplateError};

const NAMES: &[&str] = &[
    "and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "index", "slice", "print", "println", "printf",
    "json", "join", "split", "lower", "upper", "title", "pad", "truncate",
];

/// Whether there is such a function.
pub(super) fn is_known(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Calls a known function.
pub(super) fn call(name: &str, arguments: &[Value]) -> Result<Value> {
    let value = match (name, arguments) {
        ("and", [_, ..]) => pick(arguments, false),
        ("or", [_, ..]) => pick(arguments, true),
        ("not", [value]) => Value::Bool(!is_true(value)),
        ("eq", [first, others @ ..]) if !others.is_empty() => {
            Value::Bool(others.iter().any(|other| same(first, other)))
        }
        ("ne", [left, right]) => Value::Bool(!same(left, right)),
        ("lt", [left, right]) => Value::Bool(compare(left, right)? == Ordering::Less),
        ("le", [left, right]) => Value::Bool(compare(left, right)? != Ordering::Greater),
        ("gt", [left, right]) => Value::Bool(compare(left, right)? == Ordering::Greater),
        ("ge", [left, right]) => Value::Bool(compare(left, right)? != Ordering::Less),
        ("len", [value]) => Value::from(length(value)?),
        ("index", [value, keys @ ..]) => keys.iter().try_fold(value.clone(), |value, key| index(&value, key))?,
        ("slice", [value, bounds @ ..]) => slice(value, bounds)?,
        ("print", _) => Value::String(print_all(arguments)),
        ("println", _) => Value::String(arguments.iter().map(print).collect::<Vec<_>>().join(" ") + "\n"),
        ("printf", [Value::String(format), values @ ..]) => Value::String(printf(format, values)?),
        ("json", [value]) => Value::String(value.to_string()),
        _ => text(name, arguments)?,
    };
    Ok(value)
}

fn text(name: &str, arguments: &[Value]) -> Result<Value> {
    let strings: Vec<String> = arguments.iter().map(print).collect();
    let number = |at: usize| arguments.get(at).and_then(Value::as_u64).map(|n| n as usize);
    Ok(match (name, arguments) {
        ("lower", [_]) => Value::String(strings[0].to_lowercase()),
        ("upper", [_]) => Value::String(strings[0].to_uppercase()),
        ("title", [_]) => Value::String(title(&strings[0])),
        ("split", [_, _]) if strings[1].is_empty() => strings[0].chars().map(|c| Value::from(c.to_string())).collect(),
        ("split", [_, _]) => strings[0].split(&strings[1]).map(Value::from).collect(),
        ("join", [Value::Array(list), _]) => {
            Value::String(list.iter().map(print).collect::<Vec<_>>().join(&strings[1]))
        }
        ("join", [Value::Null, _]) => Value::String(String::new()),
        ("truncate", [_, _]) => Value::String(strings[0].chars().take(number(1).unwrap_or(0)).collect()),
        ("pad", [_, _, _]) if strings[0].is_empty() => Value::String(String::new()),
        ("pad", [_, _, _]) => {
            let space = |at| " ".repeat(number(at).unwrap_or(0).min(1024));
            Value::String(format!("{}{}{}", space(1), strings[0], space(2)))
        }
        _ => return Err(TemplateError(format!("wrong arguments for {name}"))),
    })
}

/// The first value of the wanted truth, else the last one.
fn pick(values: &[Value], wanted: bool) -> Value {
    let found = values.iter().find(|value| is_true(value) == wanted).or(values.last());
    found.cloned().unwrap_or_default()
}

fn same(left: &Value, right: &Value) -> bool {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left == right,
        _ => left == right,
    }
}

fn compare(left: &Value, right: &Value) -> Result<Ordering> {
    let order = match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => left.as_f64().zip(right.as_f64()).and_then(|(left, right)| left.partial_cmp(&right)),
    };
    order.ok_or_else(|| TemplateError("incompatible types for comparison".into()))
}

fn length(value: &Value) -> Result<usize> {
    match value {
        Value::String(text) => Ok(text.len()),
        Value::Array(list) => Ok(list.len()),
        Value::Object(map) => Ok(map.len()),
        Value::Null => Ok(0),
        other => Err(TemplateError(format!("len of {}", print(other)))),
    }
}

fn index(value: &Value, key: &Value) -> Result<Value> {
    match (value, key) {
        (Value::Object(map), Value::String(key)) => {
            Ok(map.get(key).cloned().unwrap_or_else(|| Value::String(String::new())))
        }
        (Value::Array(list), key) => {
            let found = key.as_u64().and_then(|at| list.get(at as usize));
            found
                .cloned()
                .ok_or_else(|| TemplateError(format!("error calling index: index out of range: {}", print(key))))
        }
        (Value::Null, _) => Err(TemplateError("error calling index: index of nil pointer".into())),
        _ => Err(TemplateError(format!("error calling index: can't index {} by {}", print(value), print(key)))),
    }
}

fn slice(value: &Value, bounds: &[Value]) -> Result<Value> {
    let bound = |at: usize, default: usize| bounds.get(at).map_or(Some(default), |b| b.as_u64().map(|n| n as usize));
    let range = bound(0, 0).zip(bound(1, length(value)?));
    let found = range.and_then(|(from, to)| match value {
        Value::String(text) => text.get(from..to).map(Value::from),
        Value::Array(list) => list.get(from..to).map(|part| Value::Array(part.to_vec())),
        _ => None,
    });
    found.ok_or_else(|| TemplateError("error calling slice: index out of range".into()))
}

/// Go's `Sprint`: a space between operands when neither is a string.
fn print_all(values: &[Value]) -> String {
    let mut out = String::new();
    for (at, value) in values.iter().enumerate() {
        if at > 0 && !value.is_string() && !values[at - 1].is_string() {
            out.push(' ');
        }
        out.push_str(&print(value));
    }
    out
}

fn title(text: &str) -> String {
    let mut start = true;
    let capital = |c: char| {
        let first = std::mem::replace(&mut start, !c.is_alphanumeric() && c != '_');
        if first { c.to_uppercase().collect::<String>() } else { c.to_string() }
    };
    text.chars().map(capital).collect()
}
