//! Settings of two images.

use std::collections::{BTreeMap, BTreeSet};

use knarr_api::compare::Setting;
use knarr_model::oci::ImageConfig;
use serde_json::Value;

/// The settings that differ, by name. Variables, labels, ports and volumes are compared one by one.
pub(super) fn differences(before: &ImageConfig, after: &ImageConfig) -> Vec<Setting> {
    let (before, after) = (settings(before), settings(after));
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let value = |all: &BTreeMap<String, Value>, name: &String| all.get(name).cloned().unwrap_or_default();
    let both = names.into_iter().map(|name| Setting {
        name: name.clone(),
        before: value(&before, name),
        after: value(&after, name),
    });
    both.filter(|setting| setting.before != setting.after).collect()
}

fn settings(image: &ImageConfig) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::from([("Platform".to_owned(), Value::from(image.platform().to_string()))]);
    all.extend(image.author.clone().map(|author| ("Author".to_owned(), author.into())));
    // A configuration has string keys only, so that it can always be written.
    let config = serde_json::to_value(&image.config).unwrap_or_default();
    for (name, value) in config.as_object().into_iter().flatten() {
        match value {
            Value::Array(pairs) if name == "Env" => all.extend(pairs.iter().filter_map(Value::as_str).map(variable)),
            Value::Object(members) if name != "Healthcheck" => {
                all.extend(members.iter().map(|(key, value)| (format!("{name} {key}"), value.clone())));
            }
            value => {
                all.insert(name.clone(), value.clone());
            }
        }
    }
    all
}

fn variable(pair: &str) -> (String, Value) {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    (format!("Env {name}"), value.into())
}
