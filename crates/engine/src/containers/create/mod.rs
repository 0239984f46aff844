//! `create`: the request checked, joined with the image, written down.

mod merge;
mod mounts;
mod name;
mod on_layers;
mod validate;

use std::sync::Arc;

use knarr_api::container::{CreateRequest, CreateResponse};
use knarr_images::Image;
use knarr_model::{ContainerId, Fault, Platform, Result};
use knarr_store::Write;
use knarr_sys::failpoint;

use super::actor::Actor;
use super::record::{NAMES, TABLE};
use super::{MountRecord, Record, State};
use crate::engine::blocking;
use crate::roots::private_dir;
use crate::{Engine, Event, Timestamp};

pub(crate) use merge::{DEFAULT_PATH, merge_env};
pub(crate) use name::checked as checked_name;
pub(crate) use validate::host as validate_host;

/// How often a made-up name may be taken.
const TRIES: u32 = 16;

impl Engine {
    /// Makes a container called `name` (made up where none). Nothing of it stays where this fails.
    /// Refused where the image is not of `platform`.
    pub async fn create(
        self: &Arc<Self>,
        name: Option<&str>,
        platform: Option<&str>,
        request: CreateRequest,
    ) -> Result<CreateResponse> {
        let platform = platform.map(str::parse::<Platform>).transpose()?;
        let name = name.filter(|name| !name.is_empty()).map(name::checked).transpose()?;
        if request.config.image.is_empty() {
            return Err(Fault::invalid("config cannot be empty in order to create a container: it names no Image"));
        }
        validate::config(&request.config)?;
        validate::host(&request.host_config)?;
        // Until the container is known to need its layers, nobody may collect them.
        let lease = self.lease();
        let engine = self.clone();
        let record = blocking(move || engine.make(name, platform.as_ref(), request)).await?;
        let event = Event::new("container", "create", record.id.as_str()).with_all(&record.attributes());
        let id = record.id.to_string();
        let warnings = warnings(&record);
        Actor::spawn(self.clone(), record, None);
        drop(lease);
        self.events.publish(event);
        Ok(CreateResponse { id, warnings })
    }

    fn make(&self, name: Option<String>, platform: Option<&Platform>, request: CreateRequest) -> Result<Record> {
        let image = self.images.resolve(&request.config.image)?;
        if let Some(wanted) = platform {
            check_platform(&request.config.image, &image.config().platform(), wanted)?;
        }
        let record = self.plan(request, &image)?;
        let made = self.make_files(&record).and_then(|()| {
            failpoint!("create.files-made");
            self.write_down(record.clone(), name)
        });
        failpoint!("create.written-down");
        if made.is_err() {
            self.remove_files(&record);
            self.remove_anonymous_volumes(&record);
        }
        made
    }

    /// The record, still without a name.
    fn plan(&self, request: CreateRequest, image: &Image) -> Result<Record> {
        let id = ContainerId::random();
        let config = merge::with_image(request.config, &image.config().config)?;
        validate::config(&config)?;
        let host = merge::with_defaults(request.host_config);
        // The machine's own name is what it is: one that was never set reads "(none)".
        let config = merge::with_hostname(config, &host, &id);
        let mounts = mounts::plan(&config, &host, self.inherited(&host.volumes_from)?)?;
        Ok(Record {
            id,
            name: String::new(),
            created: Timestamp::now(),
            image_id: image.id.to_string(),
            layer: image.top(),
            config: Arc::new(config),
            host: Arc::new(host),
            mounts: Arc::new(mounts),
            wishes: Arc::new(merge::wishes(request.networking_config)),
            of_build: false,
            state: State { cause: "created by request".into(), ..State::default() },
            endpoints: Default::default(),
            ports: Default::default(),
        })
    }

    /// `--volumes-from`: `container[:ro|rw]`.
    fn inherited(&self, from: &[String]) -> Result<Vec<MountRecord>> {
        let mut all = Vec::new();
        for text in from {
            let (name, mode) = text.split_once(':').unwrap_or((text, "rw"));
            if !matches!(mode, "ro" | "rw") {
                return Err(Fault::invalid(format!("invalid mode for volumes-from: {mode}")));
            }
            // Not "not found": to that, clients answer by pulling the image.
            let container = self.containers.find(name).map_err(|error| Fault::invalid(error.message()))?;
            let view = container.view();
            all.extend(
                view.mounts
                    .iter()
                    .cloned()
                    .map(|mount| MountRecord { read_only: mount.read_only || mode == "ro", ..mount.shared() }),
            );
        }
        Ok(all)
    }

    fn make_files(&self, record: &Record) -> Result<()> {
        let dir = self.container_dir(&record.id);
        private_dir(&dir)?;
        private_dir(&dir.join("log"))?;
        self.layers.prepare(record.layer.as_ref(), &dir)?;
        self.make_volumes(record)
    }

    /// One transaction takes the name and writes the record.
    fn write_down(&self, mut record: Record, name: Option<String>) -> Result<Record> {
        let mut tries = 0;
        loop {
            record.name = name.clone().unwrap_or_else(|| name::made_up(tries));
            let written = self.store.write(|tx| {
                claim_name(tx, &record.name, &record.id)?;
                Ok::<_, Fault>(tx.put(TABLE, record.id.as_str(), &record)?)
            });
            match written {
                Err(error) if name.is_none() && error.kind() == knarr_model::Kind::Conflict && tries < TRIES => {
                    tries += 1
                }
                Err(error) => return Err(error),
                Ok(()) => return Ok(record),
            }
        }
    }
}

/// What was asked for and has no effect.
fn warnings(record: &Record) -> Vec<String> {
    let discarded = record.host.network_mode == "host" && !record.host.port_bindings.is_empty();
    let text = "Published ports are discarded when using host network mode";
    discarded.then(|| text.to_owned()).into_iter().collect()
}

fn check_platform(name: &str, have: &Platform, wanted: &Platform) -> Result<()> {
    if (&have.os, &have.architecture) == (&wanted.os, &wanted.architecture) {
        return Ok(());
    }
    let text = format!(
        "image with reference {name} was found but its platform ({have}) does not match the specified platform ({wanted})"
    );
    Err(Fault::not_found(text))
}

/// Takes a name for `id`, or says in Docker's words who has it.
pub(crate) fn claim_name(tx: &Write, name: &str, id: &ContainerId) -> Result<()> {
    if let Some(owner) = tx.get::<ContainerId>(NAMES, name)? {
        let text = format!(
            "Conflict. The container name \"/{name}\" is already in use by container \"{owner}\". You have to remove (or rename) that container to be able to reuse that name."
        );
        return Err(Fault::conflict(text));
    }
    Ok(tx.put(NAMES, name, id)?)
}
