//! Which containers share a shim.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::{Error, Result};

/// The annotations that name a group: Kubernetes' sandbox, and what clients of runc's shim use without one.
const ANNOTATIONS: [&str; 2] = ["io.kubernetes.cri.sandbox-id", "io.containerd.runc.v2.group"];

#[derive(Deserialize)]
struct Annotated {
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// The group of a bundle's container: its pod's sandbox, else the container itself.
pub fn of(bundle: &Path, id: &str) -> Result<String> {
    let path = bundle.join("config.json");
    let text = std::fs::read(&path).map_err(|e| Error::io("read", path.display().to_string(), e))?;
    let document: Annotated = serde_json::from_slice(&text).map_err(|e| Error::Decode("config.json", e.to_string()))?;
    let group = ANNOTATIONS.iter().find_map(|name| document.annotations.get(*name)).filter(|group| !group.is_empty());
    Ok(group.cloned().unwrap_or_else(|| id.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(document: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.json"), document).unwrap();
        of(folder.path(), "c1").unwrap()
    }

    #[test]
    fn a_pod_is_a_group_and_a_container_without_one_its_own() {
        assert_eq!(group(r#"{"annotations": {"io.kubernetes.cri.sandbox-id": "pod"}}"#), "pod");
        assert_eq!(group(r#"{"annotations": {"io.containerd.runc.v2.group": "set"}}"#), "set");
        assert_eq!(group(r#"{"annotations": {"io.kubernetes.cri.sandbox-id": ""}}"#), "c1");
        assert_eq!(group("{}"), "c1");
    }
}
