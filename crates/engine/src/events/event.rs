//! One event, in Docker's shape.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Timestamp;

/// Something that happened to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `container`, `image`, `network`, `volume`, `daemon`, `builder`.
    pub kind: &'static str,
    /// `create`, `start`, `die`, …; an exec's has its command behind a colon.
    pub action: String,
    /// Id of the object.
    pub id: String,
    /// Names, labels, exit codes, …
    pub attributes: BTreeMap<String, String>,
    /// When.
    pub time: Timestamp,
}

#[derive(Serialize)]
struct Actor<'a> {
    #[serde(rename = "ID")]
    id: &'a str,
    #[serde(rename = "Attributes")]
    attributes: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct Wire<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    #[serde(rename = "Type")]
    kind: &'a str,
    #[serde(rename = "Action")]
    action: &'a str,
    #[serde(rename = "Actor")]
    actor: Actor<'a>,
    scope: &'a str,
    time: i64,
    #[serde(rename = "timeNano")]
    time_nano: i64,
}

impl Event {
    /// An event of now.
    pub fn new(kind: &'static str, action: impl Into<String>, id: impl Into<String>) -> Self {
        let (action, id) = (action.into(), id.into());
        Self { kind, action, id, attributes: BTreeMap::new(), time: Timestamp::now() }
    }

    /// Adds an attribute.
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.insert(key.into(), value.into());
        self
    }

    /// Adds attributes, for example labels.
    pub fn with_all(mut self, attributes: &BTreeMap<String, String>) -> Self {
        self.attributes.extend(attributes.iter().map(|(k, v)| (k.clone(), v.clone())));
        self
    }
}

impl Serialize for Event {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let old = matches!(self.kind, "container" | "image");
        let from = self.attributes.get("image").filter(|_| self.kind == "container");
        let wire = Wire {
            status: old.then_some(self.action.as_str()),
            id: old.then_some(self.id.as_str()),
            from: from.map(String::as_str),
            kind: self.kind,
            action: &self.action,
            actor: Actor { id: &self.id, attributes: &self.attributes },
            scope: "local",
            time: self.time.seconds(),
            time_nano: self.time.nanoseconds(),
        };
        wire.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_event_has_dockers_shape() {
        let mut event = Event::new("container", "start", "abc").with("image", "debian").with("name", "web");
        event.time = Timestamp::from_unix(5, 7);
        let expected = r#"{"status":"start","id":"abc","from":"debian","Type":"container","Action":"start","Actor":{"ID":"abc","Attributes":{"image":"debian","name":"web"}},"scope":"local","time":5,"timeNano":5000000007}"#;
        assert_eq!(serde_json::to_string(&event).unwrap(), expected);
    }
}
