//! Changed documents: bytes that are changed anywhere are seldom JSON any more, so that some changes are made to what the
//! bytes say.

use serde_json::{Value, json};

use crate::Numbers;

/// Texts at which readers of documents turn.
const TEXTS: &[&str] = &[
    "",
    "/",
    "..",
    ".",
    "/proc/self",
    "/a/../b",
    "a/b",
    "a\u{0}b",
    "a\nb",
    "-1",
    "0-1023,0-1023",
    "bind",
    "rbind",
    "ro",
    "tmpfs",
    "mount",
    "network",
    "user",
    "max",
    "SCMP_ACT_ERRNO",
    "SCMP_ACT_NOTIFY",
    "x:y",
];

/// `document` with one to three changes; none where it is no JSON.
pub fn mutate(numbers: &mut Numbers, document: &[u8]) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(document).ok()?;
    for _ in 0..=numbers.below(3) {
        let mut places = vec![String::new()];
        collect(&value, "", &mut places);
        let (from, to) = (numbers.below(places.len()), numbers.below(places.len()));
        let donor = value.pointer(&places[from])?.clone();
        change(numbers, value.pointer_mut(&places[to])?, donor);
    }
    serde_json::to_vec(&value).ok()
}

/// The JSON pointers of all values inside.
fn collect(value: &Value, prefix: &str, places: &mut Vec<String>) {
    let inside: Vec<(String, &Value)> = match value {
        Value::Array(items) => items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect(),
        Value::Object(fields) => fields.iter().map(|(name, field)| (escape(name), field)).collect(),
        _ => return,
    };
    for (name, inner) in inside {
        let place = format!("{prefix}/{name}");
        collect(inner, &place, places);
        places.push(place);
    }
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn change(numbers: &mut Numbers, place: &mut Value, donor: Value) {
    match numbers.below(4) {
        0 => *place = donor,
        1 => *place = leaf(numbers),
        2 => remove(numbers, place),
        _ => add(numbers, place, donor),
    }
}

fn leaf(numbers: &mut Numbers) -> Value {
    match numbers.below(8) {
        0 => Value::Null,
        1 => json!([]),
        2 => json!({}),
        3 => json!(true),
        4 => json!([-1, 0, 1, i64::MIN, i64::MAX][numbers.below(5)]),
        5 => json!([4095, 4096, u64::from(u32::MAX), 1 << 32, u64::MAX][numbers.below(5)]),
        _ => json!(TEXTS[numbers.below(TEXTS.len())]),
    }
}

fn remove(numbers: &mut Numbers, place: &mut Value) {
    match place {
        Value::Array(items) if !items.is_empty() => drop(items.remove(numbers.below(items.len()))),
        Value::Object(fields) if !fields.is_empty() => {
            let name = fields.keys().nth(numbers.below(fields.len())).cloned().unwrap_or_default();
            fields.shift_remove(&name);
        }
        _ => *place = Value::Null,
    }
}

fn add(numbers: &mut Numbers, place: &mut Value, donor: Value) {
    match place {
        Value::Array(items) => items.insert(numbers.below(items.len() + 1), donor),
        Value::Object(fields) if !fields.is_empty() => {
            let name = fields.keys().nth(numbers.below(fields.len())).cloned().unwrap_or_default();
            fields.insert(name, donor);
        }
        Value::String(text) => text.push_str(TEXTS[numbers.below(TEXTS.len())]),
        _ => *place = leaf(numbers),
    }
}
