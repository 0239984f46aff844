//! `--cache-from`: results that an image brings along.
//!
//! Every image that is built here says, in its config, under which key each line of its history came to be. An image that the user names is
//! believed in that; where a step's key is found, only the layer is taken from it: the configuration is that of the step itself.

use knarr_model::Digest;
use knarr_model::oci::ImageConfig;
use serde_json::{Map, Value};

/// The member of an image's config: the number of a line of its history → the step's key.
pub(super) const KEYS: &str = "dev.knarr.build.keys";

/// A step's result in another image.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Brought {
    /// The layer it made, if any.
    pub layer: Option<Digest>,
    /// When it ran.
    pub created: Option<String>,
}

/// Writes down the key of the history's last line.
pub(super) fn note(image: &mut ImageConfig, key: &Digest) {
    let Some(last) = image.history.len().checked_sub(1) else { return };
    let keys = image.other.entry(KEYS.to_owned()).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(keys) = keys {
        keys.insert(last.to_string(), key.hex().into());
    }
}

/// The step with this key upon `parent` in one of these images.
pub(super) fn find(sources: &[ImageConfig], parent: &ImageConfig, key: &Digest) -> Option<Brought> {
    sources.iter().find_map(|source| step(source, parent, key))
}

fn step(source: &ImageConfig, parent: &ImageConfig, key: &Digest) -> Option<Brought> {
    let keys = source.other.get(KEYS)?.as_object()?;
    let (line, _) = keys.iter().find(|(_, value)| value.as_str() == Some(key.hex()))?;
    let line: usize = line.parse().ok()?;
    let entry = source.history.get(line)?;
    let (layers, base) = (&source.rootfs.diff_ids, &parent.rootfs.diff_ids);
    // Counted from the top: an image's history may begin later than its layers.
    let above = source.history[line..].iter().filter(|entry| !entry.empty_layer).count();
    let below = layers.len().checked_sub(above)?;
    if below != base.len() || !layers.starts_with(base) {
        return None;
    }
    let layer = match entry.empty_layer {
        true => None,
        false => Some(layers.get(below)?.clone()),
    };
    Some(Brought { layer, created: entry.created.clone() })
}

#[cfg(test)]
mod tests {
    use knarr_model::oci::History;

    use super::*;

    fn image(layers: &[&str], empty: &[bool]) -> ImageConfig {
        let mut image = ImageConfig::scratch();
        image.rootfs.diff_ids = layers.iter().map(|layer| Digest::of(layer.as_bytes())).collect();
        image.history = empty.iter().map(|empty| History { empty_layer: *empty, ..History::default() }).collect();
        image
    }

    #[test]
    fn a_step_is_found_upon_its_own_parent_only() {
        let key = Digest::of(b"key");
        let mut source = image(&["base", "step"], &[false, true, false]);
        note(&mut source, &key);
        let sources = [source];
        let found = find(&sources, &image(&["base"], &[false]), &key).unwrap();
        assert_eq!(found.layer, Some(Digest::of(b"step")));
        assert_eq!(find(&sources, &image(&["other"], &[false]), &key), None, "another base");
        assert_eq!(find(&sources, &image(&[], &[]), &key), None, "a base with fewer layers");
        assert_eq!(find(&sources, &image(&["base"], &[false]), &Digest::of(b"other")), None);
    }

    #[test]
    fn what_an_image_says_wrongly_is_no_result() {
        let key = Digest::of(b"key");
        for keys in [serde_json::json!({"7": key.hex()}), serde_json::json!({"x": key.hex()}), serde_json::json!([1])] {
            let mut source = image(&[], &[true, false]);
            source.other.insert(KEYS.into(), keys);
            assert_eq!(find(&[source], &image(&[], &[]), &key), None);
        }
        let mut source = image(&[], &[false]);
        note(&mut source, &key);
        assert_eq!(find(&[source], &image(&[], &[]), &key), None, "a layer that is not there");
    }
}
