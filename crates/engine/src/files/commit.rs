//! `commit`: an image of a container's changes.

use std::sync::Arc;

use knarr_images::Registration;
use knarr_layers::Layer;
use knarr_model::oci::{History, ImageConfig, RunConfig};
use knarr_model::{Digest, Fault, Reference, Result};

use crate::containers::{Record, Status};
use crate::images::blocking;
use crate::{Engine, Event, Timestamp};

/// What to make of a container.
#[derive(Debug, Clone, Default)]
pub struct CommitRequest {
    /// The image's name, if it is to have one.
    pub name: Option<Reference>,
    /// A remark for its history.
    pub comment: String,
    /// Who made it.
    pub author: String,
    /// Freeze the container meanwhile.
    pub pause: bool,
    /// Settings that replace the container's where they are set.
    pub config: Option<RunConfig>,
    /// Dockerfile instructions that change the configuration further.
    pub changes: Vec<String>,
}

impl Engine {
    /// Makes an image of a container's changes on top of its own image.
    pub async fn commit(self: &Arc<Self>, name: &str, request: CommitRequest) -> Result<Digest> {
        let record = self.containers.find(name)?.view();
        let config = configuration(&record, &request)?;
        let freeze = request.pause && record.state.status == Status::Running;
        if freeze {
            self.pause(record.id.as_str()).await?;
        }
        let (engine, of) = (Arc::clone(self), Arc::clone(&record));
        let made = blocking(move || engine.leased(|| engine.commit_image(&of, config, &request))).await;
        let thawed = if freeze { self.unpause(record.id.as_str()).await } else { Ok(()) };
        made.and_then(|id| thawed.map(|()| id))
    }

    fn commit_image(&self, record: &Record, config: RunConfig, request: &CommitRequest) -> Result<Digest> {
        let upper = self.container_dir(&record.id).join("upper");
        let layer = self.layers.commit(&upper, record.layer.as_ref())?;
        let image = self.committed_config(record, config, &layer, request)?;
        let id = self.register(record, &image, &layer, request)?;
        self.announce_commit(record, &id, request);
        Ok(id)
    }

    /// The image's config: that of the container's image, with one more layer.
    fn committed_config(
        &self,
        record: &Record,
        config: RunConfig,
        layer: &Layer,
        request: &CommitRequest,
    ) -> Result<ImageConfig> {
        let mut image = self.base(record)?;
        let now = Timestamp::now().to_string();
        image.history.push(History {
            created: Some(now.clone()),
            created_by: Some(record.command().join(" ")),
            author: some(&request.author),
            comment: some(&request.comment),
            empty_layer: false,
        });
        image.created = Some(now);
        image.author = some(&request.author);
        image.config = config;
        image.rootfs.diff_ids.push(layer.diff_id.clone());
        image.other.clear();
        Ok(image)
    }

    /// The config of the container's image; where that was removed, one made of its layers.
    fn base(&self, record: &Record) -> Result<ImageConfig> {
        if let Ok(image) = self.images.resolve(&record.image_id) {
            return Ok(image.record.config);
        }
        let mut config = ImageConfig::scratch();
        let stack = self.layers.stack(record.layer.as_ref())?;
        config.rootfs.diff_ids = stack.into_iter().map(|layer| layer.diff_id).collect();
        config.history = config.rootfs.diff_ids.iter().map(|_| History::default()).collect();
        Ok(config)
    }

    fn register(&self, record: &Record, image: &ImageConfig, layer: &Layer, request: &CommitRequest) -> Result<Digest> {
        let encoded = serde_json::to_vec(image);
        let new = Registration {
            config: encoded.map_err(|e| Fault::internal("cannot write an image config").because(e))?,
            parent: self.images.resolve(&record.image_id).ok().map(|parent| parent.id),
            size: self.layers.size(Some(&layer.chain_id))?,
            names: request.name.iter().cloned().collect(),
            ..Registration::default()
        };
        Ok(self.images.register(new)?.id)
    }

    fn announce_commit(&self, record: &Record, id: &Digest, request: &CommitRequest) {
        let event = Event::new("container", "commit", record.id.to_string()).with_all(&record.attributes());
        self.events.publish(event.with("comment", request.comment.clone()).with("imageID", id.to_string()));
        if let Some(name) = &request.name {
            self.image_event("tag", id, name.familiar());
        }
    }
}

/// The container's configuration, overridden by the request's, then changed by its instructions.
fn configuration(record: &Record, request: &CommitRequest) -> Result<RunConfig> {
    // The container's has the members of the image's, and more.
    let convert = || serde_json::from_value(serde_json::to_value(&*record.config)?);
    let own: RunConfig = convert()
        .map_err(|e: serde_json::Error| Fault::internal("cannot read a container's configuration").because(e))?;
    let merged = match &request.config {
        Some(given) => merge(own, given.clone()),
        None => own,
    };
    Ok(knarr_build::solve::change(merged, &request.changes)?)
}

/// What is set in `given` wins; maps and variables are joined.
fn merge(own: RunConfig, given: RunConfig) -> RunConfig {
    let text = |given: String, own: String| if given.is_empty() { own } else { given };
    let name = |pair: &String| pair.split('=').next().unwrap_or_default().to_owned();
    let named: Vec<String> = given.env.iter().map(name).collect();
    let kept = own.env.into_iter().filter(|pair| !named.contains(&name(pair)));
    RunConfig {
        user: text(given.user, own.user),
        exposed_ports: own.exposed_ports.into_iter().chain(given.exposed_ports).collect(),
        env: kept.chain(given.env).collect(),
        // A new entrypoint makes an inherited command meaningless.
        cmd: given.cmd.or(if given.entrypoint.is_some() { None } else { own.cmd }),
        entrypoint: given.entrypoint.or(own.entrypoint),
        volumes: own.volumes.into_iter().chain(given.volumes).collect(),
        working_dir: text(given.working_dir, own.working_dir),
        labels: own.labels.into_iter().chain(given.labels).collect(),
        stop_signal: given.stop_signal.or(own.stop_signal),
        healthcheck: given.healthcheck.or(own.healthcheck),
        on_build: if given.on_build.is_empty() { own.on_build } else { given.on_build },
        shell: given.shell.or(own.shell),
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
