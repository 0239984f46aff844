//! `printf`: `%v %s %d %q %x %t %f %g %%` with `-`, `0`, width and precision.

use serde_json::Value;

use super::print::{print, quote};
use super::{Result, TemplateError};

/// Formats `arguments` by `format`.
pub(super) fn printf(format: &str, arguments: &[Value]) -> Result<String> {
    let mut out = String::new();
    let mut arguments = arguments.iter();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let end = after.find(|c: char| c.is_ascii_alphabetic() || c == '%');
        let end = end.ok_or_else(|| TemplateError("printf: %!(NOVERB)".into()))?;
        let (flags, verb) = (&after[..end], after.as_bytes()[end]);
        rest = &after[end + 1..];
        if verb == b'%' {
            out.push('%');
            continue;
        }
        let text = match arguments.next() {
            Some(value) => verb_text(verb, flags, value),
            None => format!("%!{}(MISSING)", verb as char),
        };
        out.push_str(&pad(text, flags));
    }
    out.push_str(rest);
    Ok(out)
}

fn verb_text(verb: u8, flags: &str, value: &Value) -> String {
    let precision = flags.split_once('.').and_then(|(_, digits)| digits.parse::<usize>().ok());
    match (verb, value) {
        (b'q', Value::String(text)) => quote(text),
        (b'x', Value::String(text)) => text.bytes().map(|b| format!("{b:02x}")).collect(),
        (b'x', Value::Number(number)) => number.as_i64().map_or_else(|| number.to_string(), |n| format!("{n:x}")),
        (b'f', Value::Number(number)) => format!("{:.*}", precision.unwrap_or(6), number.as_f64().unwrap_or_default()),
        (b's', value) => match precision {
            Some(length) => print(value).chars().take(length).collect(),
            None => print(value),
        },
        _ => print(value),
    }
}

fn pad(text: String, flags: &str) -> String {
    let left = flags.starts_with('-');
    let digits = flags.trim_start_matches(['-', '+', ' ', '#']);
    let zero = digits.starts_with('0') && !left;
    let width = digits.split('.').next().and_then(|w| w.parse::<usize>().ok()).unwrap_or(0);
    match (left, zero) {
        (true, _) => format!("{text:<width$}"),
        (false, true) => format!("{text:0>width$}"),
        (false, false) => format!("{text:>width$}"),
    }
}
