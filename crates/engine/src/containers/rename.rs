//! `rename`.

use knarr_model::{Fault, Result};

use super::actor::Command;
use crate::Engine;

impl Engine {
    /// Gives a container another name.
    pub async fn rename(&self, name: &str, new: &str) -> Result<()> {
        if new.is_empty() {
            return Err(Fault::invalid("Neither old nor new names may be empty"));
        }
        let new = new.to_owned();
        self.containers.find(name)?.ask(|reply| Command::Rename(new, reply)).await
    }
}
