//! The engine's state and its opening.

use std::sync::Arc;

use knarr_content::Content;
use knarr_images::Images;
use knarr_layers::Layers;
use knarr_model::Result;
use knarr_store::Store;

use crate::events::Events;
use crate::roots::Roots;
use crate::scratch::Scratch;
use crate::{Config, Event};

/// One daemon's engine. Its verbs are in the folders beside this file.
pub struct Engine {
    pub(crate) config: Config,
    pub(crate) roots: Roots,
    pub(crate) store: Arc<Store>,
    pub(crate) content: Content,
    pub(crate) layers: Arc<Layers>,
    pub(crate) images: Images,
    pub(crate) events: Events,
    pub(crate) id: String,
}

impl Engine {
    /// Locks the roots, opens the database and the rooms, and reconciles records with the kernel. Refused with
    /// [`knarr_model::Kind::Conflict`] where another daemon holds a root.
    pub async fn open(config: Config) -> Result<Arc<Self>> {
        let roots = Roots::open(&config)?;
        let store = Arc::new(Store::open(&roots.data("meta.db"))?);
        let id = daemon_id(&store)?;
        Scratch::clean(&roots)?;
        let content = Content::open(&config.data_root)?;
        let layers = Arc::new(Layers::open(&roots.data("layers"))?);
        let images = Images::new(store.clone(), Arc::new(content.clone()));
        Ok(Arc::new(Self { config, roots, store, content, layers, images, events: Events::default(), id }))
    }

    /// Ends the daemon's part: containers keep running, and the next daemon on these roots finds them.
    pub async fn shutdown(&self) {
        self.events.publish(Event::new("daemon", "shutdown", self.id.clone()));
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The event bus.
    pub fn events(&self) -> &Events {
        &self.events
    }
}

/// The daemon's own id, made once and kept.
fn daemon_id(store: &Store) -> Result<String> {
    store.write(|tx| {
        if let Some(id) = tx.get::<String>("daemon", "id")? {
            return Ok(id);
        }
        let id = knarr_model::ContainerId::random().to_string();
        tx.put("daemon", "id", &id)?;
        Ok(id)
    })
}
