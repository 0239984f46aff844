//! Which containers use which volume.

use std::collections::BTreeMap;

use crate::Engine;
use crate::containers::MountSource;

impl Engine {
    /// The ids of the containers of each volume that is used, running or not.
    pub(crate) fn volume_users(&self) -> BTreeMap<String, Vec<String>> {
        let mut users: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for container in self.containers.all() {
            for mount in container.view().mounts.iter() {
                let MountSource::Volume { name, .. } = &mount.source else { continue };
                users.entry(name.clone()).or_default().push(container.id().to_string());
            }
        }
        users
    }
}
