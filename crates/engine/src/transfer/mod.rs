//! Images to and from registries: pull, push, inspect, login. What travels is the transfer room's; here it meets content, layers
//! and names.

mod branch;
mod inspect;
mod login;
mod pull;
mod push;
mod similar;
mod unpack;

pub use pull::Pull;
pub use push::Push;

pub use knarr_transfer::{Credentials, Peer, Secret};

use std::sync::Arc;

use knarr_model::Result;
use knarr_transfer::{Client, Hosts};

use crate::Engine;

impl Engine {
    /// The client of registries, made when it is first needed: its certificate roots are read then.
    pub(crate) fn registries(&self) -> Result<Client> {
        if let Some(client) = self.registries.load_full() {
            return Ok(Client::clone(&client));
        }
        let live = self.live.load();
        let hosts = Hosts {
            insecure: live.insecure_registries.clone(),
            ca_files: live.registry_ca.clone().into_iter().collect(),
            mirrors: live.registry_mirrors.clone(),
            folders: live.certs_dirs.clone(),
        };
        let client = Client::new(hosts)?;
        self.registries.store(Some(Arc::new(client.clone())));
        Ok(client)
    }
}
