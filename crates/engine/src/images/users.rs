//! Which containers use which image.

use std::collections::BTreeMap;

use knarr_images::Use;

use crate::Engine;
use crate::containers::Status;

impl Engine {
    /// The containers of each image, by the image's id.
    pub(super) fn image_users(&self) -> BTreeMap<String, Vec<Use>> {
        let mut users: BTreeMap<String, Vec<Use>> = BTreeMap::new();
        for container in self.containers.all() {
            let view = container.view();
            let running = view.state.status.alive() || view.state.status == Status::Restarting;
            let user = Use { container: view.id.short().to_owned(), running };
            users.entry(view.image_id.clone()).or_default().push(user);
        }
        users
    }
}
