//! The `filters` of lists, prunes and events.

use std::collections::BTreeMap;

use knarr_model::{Fault, Result};
use regex_lite::Regex;
use serde::Deserialize;

/// `{"name": ["a", "b"], "label": ["k=v"]}`: values of one key are alternatives (but labels all must hold), keys all must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters(BTreeMap<String, Vec<String>>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    List(Vec<String>),
    Map(BTreeMap<String, bool>),
}

impl Filters {
    /// Reads the query parameter's JSON, in today's form (lists) or the old one (maps to `true`). Empty text is no filter.
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let raw: BTreeMap<String, Values> =
            serde_json::from_str(text).map_err(|e| Fault::invalid("invalid filter").because(e))?;
        let plain = |values| match values {
            Values::List(list) => list,
            Values::Map(map) => map.into_iter().filter(|(_, on)| *on).map(|(value, _)| value).collect(),
        };
        Ok(Self(raw.into_iter().map(|(key, values)| (key, plain(values))).collect()))
    }

    /// Refuses keys that the request does not know, in Docker's words.
    pub fn only(&self, known: &[&str]) -> Result<()> {
        match self.0.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(Fault::invalid(format!("invalid filter '{key}'"))),
            None => Ok(()),
        }
    }

    /// The values of `key`, empty where it is not filtered by.
    pub fn get(&self, key: &str) -> &[String] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }

    /// Whether nothing is filtered.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `key` is not filtered by, or one of its values satisfies `test`.
    pub fn any(&self, key: &str, test: impl Fn(&str) -> bool) -> bool {
        let values = self.get(key);
        values.is_empty() || values.iter().any(|value| test(value))
    }

    /// The values of `key` as patterns for names.
    pub fn patterns(&self, key: &str) -> Patterns<'_> {
        let values = self.get(key);
        Patterns { values, expressions: values.iter().filter_map(|value| Regex::new(value).ok()).collect() }
    }

    /// Whether `labels` have every `label` (`key` or `key=value`) and none of `label!`.
    pub fn labels(&self, labels: &BTreeMap<String, String>) -> bool {
        let has = |wanted: &String| match wanted.split_once('=') {
            Some((key, value)) => labels.get(key).is_some_and(|have| have == value),
            None => labels.contains_key(wanted),
        };
        self.get("label").iter().all(has) && !self.get("label!").iter().any(has)
    }

    /// The truth value of `key`; none where it is not filtered by.
    pub fn flag(&self, key: &str) -> Result<Option<bool>> {
        let mut found = None;
        for value in self.get(key) {
            found = match value.as_str() {
                "1" | "true" => Some(true),
                "0" | "false" => Some(false),
                other => return Err(Fault::invalid(format!("invalid filter '{key}=[{other}]'"))),
            };
        }
        Ok(found)
    }
}

/// Values of a filter that match names as Docker does: a name fits that equals one, or in which one is found as a regular
/// expression. A malformed expression is found nowhere.
pub struct Patterns<'f> {
    values: &'f [String],
    expressions: Vec<Regex>,
}

impl Patterns<'_> {
    /// Whether nothing is filtered, or `name` fits.
    pub fn fit(&self, name: &str) -> bool {
        self.values.is_empty() || self.values.iter().any(|value| value == name) || self.found(name)
    }

    fn found(&self, name: &str) -> bool {
        self.expressions.iter().any(|expression| expression.is_match(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_wire_forms_are_read() {
        let list = Filters::parse(r#"{"name":["a","b"]}"#).unwrap();
        let map = Filters::parse(r#"{"name":{"a":true,"b":true,"c":false}}"#).unwrap();
        assert_eq!(list, map);
        assert!(list.any("name", |value| value == "b") && list.any("other", |_| false));
        assert!(Filters::parse("nonsense").is_err());
        assert!(list.only(&["id"]).is_err());
    }

    #[test]
    fn names_are_matched_as_regular_expressions() {
        let filters =
            |values: &[&str]| Filters(BTreeMap::from([("name".into(), values.iter().map(|v| (*v).into()).collect())]));
        for (value, name, fits) in [
            ("eb", "web-1", true),
            ("^web-[0-9]+$", "web-12", true),
            ("^web-[0-9]+$", "web-x", false),
            ("web.1", "web-1", true),
            ("(a|b)$", "web-b", true),
            ("web[", "web[", true),
            ("web[", "web", false),
        ] {
            assert_eq!(filters(&[value]).patterns("name").fit(name), fits, "{value} {name}");
        }
        assert!(filters(&["^x$", "^y$"]).patterns("name").fit("y"));
        assert!(Filters::default().patterns("name").fit("anything"));
    }

    #[test]
    fn labels_must_all_hold() {
        let filters = Filters::parse(r#"{"label":["a","b=1"],"label!":["c"]}"#).unwrap();
        let labels = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert!(filters.labels(&labels(&[("a", ""), ("b", "1")])));
        assert!(!filters.labels(&labels(&[("a", ""), ("b", "2")])));
        assert!(!filters.labels(&labels(&[("a", ""), ("b", "1"), ("c", "")])));
    }
}
