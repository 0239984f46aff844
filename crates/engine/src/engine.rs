//! The engine's state, its opening and its end.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use knarr_cgroups::Cgroup;
use knarr_content::Content;
use knarr_images::Images;
use knarr_layers::Layers;
use knarr_model::{Fault, Kind, Result, Snapshot};
use knarr_network::Networks;
use knarr_store::Store;
use knarr_transfer::Client;
use knarr_volumes::Volumes;

use crate::containers::{Containers, LogWatch, Record, restore};
use crate::events::Events;
use crate::format;
use crate::roots::Roots;
use crate::scratch::Scratch;
use crate::share::Sharing;
use crate::{Config, Event, Live};

/// One daemon's engine. Its verbs are in the folders beside this file.
pub struct Engine {
    pub(crate) config: Config,
    pub(crate) roots: Roots,
    pub(crate) store: Arc<Store>,
    pub(crate) content: Content,
    pub(crate) layers: Arc<Layers>,
    pub(crate) images: Images,
    /// What may change while the daemon runs.
    pub(crate) live: ArcSwap<Live>,
    /// Made when it is first needed, anew after a reload.
    pub(crate) registries: ArcSwapOption<Client>,
    /// None once the daemon ends.
    networks: ArcSwapOption<Networks>,
    pub(crate) volumes: Volumes,
    pub(crate) containers: Containers,
    pub(crate) events: Events,
    pub(crate) log_watch: LogWatch,
    pub(crate) sharing: Sharing,
    pub(crate) programs: Programs,
    pub(crate) id: String,
}

/// What a container's start executes.
pub(crate) struct Programs {
    /// The shim, in sealed memory.
    pub(crate) shim: OwnedFd,
    /// Our own binary, read-only: the runtime.
    pub(crate) runtime: OwnedFd,
}

impl Engine {
    /// Locks the roots, opens the database and the rooms, and reconciles records with the kernel. Refused with
    /// [`Kind::Conflict`] where another daemon holds a root.
    pub async fn open(config: Config) -> Result<Arc<Self>> {
        let roots = Roots::open(&config)?;
        let store = Arc::new(Store::open_or_restore(&roots.data("meta.db"), &roots.data("quarantine"))?);
        format::check(&store)?;
        Scratch::clean(&roots)?;
        let content = Content::open(&config.data_root)?;
        let programs =
            Programs { shim: knarr_shim_client::shim_memfd(config.shim)?, runtime: knarr_shim_client::runtime_fd()? };
        let found = restore::look(&store, &roots)?;
        let networks = Networks::open(store.clone(), &network_options(&config)?, &found.running())?;
        let engine = Arc::new(Self {
            id: daemon_id(&store)?,
            layers: Arc::new(Layers::open(&roots.data("layers"))?),
            images: Images::new(store.clone(), Arc::new(content.clone())),
            live: ArcSwap::from_pointee(config.live.clone()),
            registries: ArcSwapOption::empty(),
            networks: ArcSwapOption::from_pointee(networks),
            volumes: Volumes::open(&roots.data("volumes"), store.clone())?,
            containers: Containers::default(),
            events: Events::default(),
            log_watch: LogWatch::open()?,
            sharing: Sharing::default(),
            programs,
            content,
            store,
            roots,
            config,
        });
        engine.restore(found).await;
        let here = engine.clone();
        if let Err(error) = blocking(move || here.reconcile_store()).await {
            tracing::warn!(error = %error.full(), "cannot compare the store with what is recorded");
        }
        engine.resume_share().await;
        Ok(engine)
    }

    /// Ends the daemon's part: containers keep running, and the next daemon on these roots finds them. Where none runs, nothing of
    /// ours stays in the kernel.
    pub async fn shutdown(&self) {
        self.events.publish(Event::new("daemon", "shutdown", self.id.clone()));
        self.release_containers().await;
        let networks = self.networks.swap(None).and_then(Arc::into_inner);
        let parent = self.config.cgroup_parent.clone();
        let closed = blocking(move || {
            networks.map_or(Ok(()), Networks::close)?;
            Ok(Cgroup::remove_if_empty(&parent)?)
        });
        if let Err(error) = closed.await {
            tracing::warn!(error = %error.full(), "cannot leave the host as it was");
        }
    }

    /// Follows other settings from now on.
    pub fn reload(&self, live: Live) {
        self.live.store(Arc::new(live));
        self.registries.store(None);
        self.events.publish(Event::new("daemon", "reload", self.id.clone()).with("name", crate::system::host_name()));
    }

    /// The settings that the daemon was started with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The event bus.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// The network room; refused once the daemon ends.
    pub(crate) fn networks(&self) -> Result<Arc<Networks>> {
        self.networks.load_full().ok_or_else(|| Fault::new(Kind::Unavailable, "the daemon is shutting down"))
    }

    /// A container's root file system.
    pub(crate) fn snapshot(&self, record: &Record) -> Result<Snapshot> {
        Ok(self.layers.snapshot(record.layer.as_ref(), &self.container_dir(&record.id))?)
    }

    /// The id of the image that `name` means now.
    pub(crate) fn image_id(&self, name: &str) -> Result<String> {
        Ok(self.images.resolve(name)?.id.to_string())
    }
}

/// Runs what waits for the disk or the kernel on a thread that may wait.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Fault::internal("a task of the daemon has failed").because(error)),
    }
}

fn network_options(config: &Config) -> Result<knarr_network::Options> {
    let wrong = |error| Fault::invalid("invalid --bip").because(error);
    let bip = config.bip.as_deref().map(knarr_network::parse_interface).transpose().map_err(wrong)?;
    Ok(knarr_network::Options { bridge: config.bridge.clone(), bip, mtu: config.mtu, ..Default::default() })
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
