//! How Go prints values.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// What is printed for a key that a map does not have.
pub(super) const NO_VALUE: &str = "<no value>";

/// Members that are maps, whatever their keys look like.
const MAPS: &[&str] = &[
    "Annotations",
    "Attributes",
    "AuxiliaryAddresses",
    "Containers",
    "DriverOpts",
    "ExposedPorts",
    "IndexConfigs",
    "Labels",
    "Networks",
    "Options",
    "PortBindings",
    "Ports",
    "Runtimes",
    "Status",
    "StorageOpt",
    "Sysctls",
    "Tmpfs",
    "Volumes",
];

/// Go's `%v` of a member of a structure.
pub(super) fn print_member(name: &str, value: &Value) -> String {
    match value {
        Value::Object(map) if MAPS.contains(&name) => print_map(map),
        _ => print(value),
    }
}

/// Go's `%v`. An object whose keys are names of members is a structure.
pub(super) fn print(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".into(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(list) => format!("[{}]", list.iter().map(print).collect::<Vec<_>>().join(" ")),
        Value::Object(map) if !map.is_empty() && map.keys().all(|key| is_member(key)) => {
            let members: Vec<String> = map.iter().map(|(name, value)| print_member(name, value)).collect();
            format!("{{{}}}", members.join(" "))
        }
        Value::Object(map) => print_map(map),
    }
}

/// What is null in a map is a list in Go: ports that are not published.
fn print_map(map: &Map<String, Value>) -> String {
    let text = |value: &Value| if value.is_null() { "[]".to_owned() } else { print(value) };
    let sorted: BTreeMap<&String, String> = map.iter().map(|(key, value)| (key, text(value))).collect();
    let members: Vec<String> = sorted.iter().map(|(key, value)| format!("{key}:{value}")).collect();
    format!("map[{}]", members.join(" "))
}

fn is_member(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_uppercase()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Go's `strconv.Quote`.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => out.push_str(&format!("\\x{:02x}", c as u32)),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
