//! `update`: other limits and restart policy, at once and for later starts.

use knarr_api::container::UpdateRequest;
use knarr_model::{Fault, Result};

use super::actor::Command;
use crate::Engine;

impl Engine {
    /// Changes what `request` names and leaves the rest.
    pub async fn update(&self, name: &str, request: UpdateRequest) -> Result<()> {
        let container = self.containers.find(name)?;
        let policy = &request.restart_policy.name;
        if container.view().host.auto_remove && !matches!(policy.as_str(), "" | "no") {
            return Err(Fault::conflict(
                "Restart policy cannot be updated because AutoRemove is enabled for the container",
            ));
        }
        container.ask(|reply| Command::Update(Box::new(request), reply)).await
    }
}
