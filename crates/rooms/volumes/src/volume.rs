//! A volume as it is remembered, and what is asked of a new one.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use knarr_model::{ContainerId, valid_name};
use serde::{Deserialize, Serialize};

use crate::VolumeError;

/// The label by which Docker's clients know volumes without a name.
const ANONYMOUS: &str = "com.docker.volume.anonymous";

/// A volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Unique.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// Free labels.
    pub labels: BTreeMap<String, String>,
    /// The driver's options as given.
    pub options: BTreeMap<String, String>,
    /// Made without a name, for one container.
    pub anonymous: bool,
}

/// What is asked of a new volume.
#[derive(Debug, Clone, Default)]
pub struct NewVolume {
    /// A random one (64 hex digits) where empty.
    pub name: String,
    /// Made for one container alone, whatever its name.
    pub anonymous: bool,
    /// `local` or empty.
    pub driver: String,
    /// `type=none`, `o=bind` and `device=PATH` make the volume a view of a folder of the host.
    pub options: BTreeMap<String, String>,
    /// Free labels.
    pub labels: BTreeMap<String, String>,
}

impl NewVolume {
    /// The record, if the request can be done.
    pub(crate) fn plan(self) -> Result<Volume, VolumeError> {
        let anonymous = self.anonymous || self.name.is_empty();
        let name = if self.name.is_empty() { ContainerId::random().to_string() } else { self.name };
        if !valid_name(&name) {
            return Err(VolumeError::Name(name.chars().take(255).collect()));
        }
        if !matches!(self.driver.as_str(), "" | "local") {
            return Err(VolumeError::Driver { name, driver: self.driver });
        }
        let mut labels = self.labels;
        if anonymous {
            labels.insert(ANONYMOUS.to_owned(), String::new());
        }
        let volume = Volume { name, created: Timestamp::now(), labels, options: self.options, anonymous };
        volume.bound_folder()?;
        Ok(volume)
    }
}

impl Volume {
    /// The host's folder of which it is a view, if it is one.
    pub(crate) fn bound_folder(&self) -> Result<Option<PathBuf>, VolumeError> {
        let wrong = |reason: String| VolumeError::Options { name: self.name.clone(), reason };
        if let Some(unknown) = self.options.keys().find(|key| !matches!(key.as_str(), "type" | "o" | "device")) {
            return Err(wrong(format!("unknown option {unknown:?}")));
        }
        let option = |key: &str| self.options.get(key).map_or("", String::as_str);
        if self.options.is_empty() {
            return Ok(None);
        }
        let bind = option("o").split(',').any(|word| matches!(word, "bind" | "rbind"));
        let other = option("o").split(',').find(|word| !matches!(*word, "" | "bind" | "rbind" | "rw"));
        if !matches!(option("type"), "" | "none" | "bind") || !bind {
            return Err(wrong("only type=none with o=bind and device=PATH is supported".to_owned()));
        }
        if let Some(word) = other {
            return Err(wrong(format!("mount option {word:?} is not supported")));
        }
        let device = PathBuf::from(option("device"));
        if device.is_absolute() { Ok(Some(device)) } else { Err(wrong("device must be an absolute path".to_owned())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(name: &str, options: &[(&str, &str)]) -> NewVolume {
        let options = options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        NewVolume { name: name.to_owned(), options, ..Default::default() }
    }

    #[test]
    fn names_that_could_be_paths_are_refused() {
        for bad in ["../x", "a/b", ".x", "a", "-a", "a b"] {
            assert!(matches!(new(bad, &[]).plan(), Err(VolumeError::Name(_))), "{bad}");
        }
        let anonymous = new("", &[]).plan().unwrap();
        assert!(anonymous.anonymous && anonymous.name.len() == 64);
    }

    #[test]
    fn options_are_done_or_refused() {
        let bound = new("ok", &[("type", "none"), ("o", "bind"), ("device", "/srv")]).plan().unwrap();
        assert_eq!(bound.bound_folder().unwrap(), Some(PathBuf::from("/srv")));
        for bad in [
            &[("type", "nfs"), ("o", "addr=10.0.0.1"), ("device", ":/x")][..],
            &[("type", "none"), ("o", "bind"), ("device", "srv")],
            &[("type", "none"), ("o", "bind,uid=5"), ("device", "/srv")],
            &[("size", "5")],
        ] {
            assert!(matches!(new("ok", bad).plan(), Err(VolumeError::Options { .. })), "{bad:?}");
        }
        let remote = NewVolume { driver: "nfs".to_owned(), ..new("ok", &[]) };
        assert!(matches!(remote.plan(), Err(VolumeError::Driver { .. })));
    }
}
