//! `ps`.

use std::collections::HashMap;
use std::sync::Arc;

use knarr_api::container::{Port, Summary, SummaryHostConfig, SummaryNetworks};
use knarr_model::{Fault, Result};

use super::inspect::networks;
use super::{Container, MountSource, Record, Status};
use crate::engine::blocking;
use crate::{Engine, Filters, Timestamp};

/// Filters that a list understands.
const FILTERS: [&str; 15] = [
    "ancestor",
    "before",
    "exited",
    "expose",
    "health",
    "id",
    "is-task",
    "isolation",
    "label",
    "name",
    "network",
    "publish",
    "since",
    "status",
    "volume",
];

/// What a client wants to see.
#[derive(Debug, Clone, Default)]
pub struct ListOptions {
    /// Those that do not run too.
    pub all: bool,
    /// Only so many of the newest.
    pub limit: Option<usize>,
    /// Also measure what they have written.
    pub size: bool,
    /// Docker's filters.
    pub filters: Filters,
}

impl Engine {
    /// Containers, the newest first. Reads snapshots only; nothing can make it wait (but `size`, which reads the disk).
    pub async fn list(&self, options: &ListOptions) -> Result<Vec<Summary>> {
        let filters = &options.filters;
        filters.only(&FILTERS)?;
        let window = self.window(filters)?;
        let ancestors = self.ancestors(filters);
        let names = filters.patterns("name");
        let mut found: Vec<(Arc<Container>, Arc<Record>)> = Vec::new();
        for container in self.containers.all() {
            let view = container.view();
            let shown =
                options.all || options.limit.is_some() || view.state.status.alive() || filters_by_state(filters);
            if shown
                && (names.fit(&view.name) || names.fit(&view.slashed()))
                && passes(&container, &view, filters)?
                && window.contains(&view)
                && ancestors.as_ref().is_none_or(|ids| is_from(&view, ids))
            {
                found.push((container, view));
            }
        }
        found.sort_by_key(|(_, view)| std::cmp::Reverse(view.created));
        found.truncate(options.limit.unwrap_or(usize::MAX));
        let mut images = ImageNames::default();
        let mut summaries = Vec::with_capacity(found.len());
        for (container, view) in &found {
            let mut summary = self.summarize(container, view, &mut images);
            if options.size {
                let written = self.size_rw(view).await?;
                let image = self.layers.size(view.layer.as_ref()).unwrap_or_default();
                summary.size_rw = i64::try_from(written).ok().filter(|bytes| *bytes > 0);
                summary.size_root_fs = Some(i64::try_from(image + written).unwrap_or(i64::MAX));
            }
            summaries.push(summary);
        }
        Ok(summaries)
    }

    fn window(&self, filters: &Filters) -> Result<Window> {
        let created = |key: &str| match filters.get(key).first() {
            Some(name) => self.containers.find(name).map(|container| Some(container.view().created)),
            None => Ok(None),
        };
        Ok(Window { before: created("before")?, since: created("since")? })
    }

    /// The ids and names that `ancestor` stands for; none where it is not asked for.
    fn ancestors(&self, filters: &Filters) -> Option<Vec<String>> {
        let wanted = filters.get("ancestor");
        if wanted.is_empty() {
            return None;
        }
        let mut ids = wanted.to_vec();
        ids.extend(wanted.iter().filter_map(|name| self.image_id(name).ok()));
        Some(ids)
    }

    fn summarize(&self, container: &Container, view: &Record, images: &mut ImageNames) -> Summary {
        Summary {
            id: view.id.to_string(),
            names: vec![view.slashed()],
            image: images.shown(self, view),
            image_id: view.image_id.clone(),
            command: command(view),
            created: view.created.seconds(),
            ports: ports(view),
            labels: view.config.labels.clone(),
            state: view.state.status.word().into(),
            status: status(container, view),
            host_config: SummaryHostConfig {
                network_mode: view.host.network_mode.clone(),
                annotations: view.host.annotations.clone(),
            },
            network_settings: SummaryNetworks { networks: networks(view) },
            mounts: self.mount_points(view),
            ..Summary::default()
        }
    }

    /// Bytes that a container has written.
    pub(crate) async fn size_rw(&self, view: &Record) -> Result<u64> {
        let upper = self.container_dir(&view.id).join("upper");
        blocking(move || Ok(tree_size(&upper))).await
    }
}

/// Program and arguments on one line; an argument with spaces is quoted.
fn command(view: &Record) -> String {
    let mut words = view.command();
    for word in words.iter_mut().skip(1).filter(|word| word.contains(' ')) {
        *word = format!("'{word}'");
    }
    words.join(" ")
}

/// Bytes of all files below a folder of ours; what goes away meanwhile counts nothing.
fn tree_size(dir: &std::path::Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => tree_size(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.flatten().map(size).sum()
}

/// What names mean now, each looked up once a list.
#[derive(Default)]
struct ImageNames(HashMap<String, Option<String>>);

impl ImageNames {
    /// The image's name as it was given, or its id where the name means another image now.
    fn shown(&mut self, engine: &Engine, view: &Record) -> String {
        let named = &view.config.image;
        let meant = self.0.entry(named.clone()).or_insert_with(|| engine.image_id(named).ok());
        match meant {
            Some(id) if *id == view.image_id => named.clone(),
            _ => short(&view.image_id).chars().take(12).collect(),
        }
    }
}

/// `before` and `since`.
struct Window {
    before: Option<Timestamp>,
    since: Option<Timestamp>,
}

impl Window {
    fn contains(&self, view: &Record) -> bool {
        self.before.is_none_or(|time| view.created < time) && self.since.is_none_or(|time| view.created > time)
    }
}

fn filters_by_state(filters: &Filters) -> bool {
    !filters.get("status").is_empty() || !filters.get("exited").is_empty()
}

fn is_from(view: &Record, ids: &[String]) -> bool {
    ids.iter().any(|id| {
        *id == view.image_id
            || *id == view.config.image
            || short(&view.image_id).starts_with(short(id)) && short(id).len() >= 12
    })
}

fn short(id: &str) -> &str {
    id.strip_prefix("sha256:").unwrap_or(id)
}

fn passes(container: &Container, view: &Record, filters: &Filters) -> Result<bool> {
    for status in filters.get("status") {
        let known = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];
        if !known.contains(&status.as_str()) {
            return Err(Fault::invalid(format!("invalid filter 'status={status}'")));
        }
    }
    for health in filters.get("health") {
        if !["starting", "healthy", "unhealthy", "none"].contains(&health.as_str()) {
            return Err(Fault::invalid(format!("unrecognized filter value for health: {health}")));
        }
    }
    for code in filters.get("exited") {
        code.parse::<i32>().map_err(|_| Fault::invalid(format!("invalid filter 'exited={code}'")))?;
    }
    let ended = view.state.status == Status::Exited;
    let health = container.health.load().as_ref().map_or("none".to_owned(), |health| health.status.clone());
    Ok(filters.any("status", |status| status == view.state.status.word())
        && filters.any("id", |id| view.id.as_str().starts_with(id))
        && filters.any("exited", |code| ended && code.parse() == Ok(view.state.exit_code))
        && filters.any("health", |wanted| wanted == health)
        && filters.any("network", |network| in_network(view, network))
        && filters.any("volume", |volume| has_volume(view, volume))
        && filters.any("publish", |port| published(view, port))
        && filters.any("expose", |port| exposed(view, port))
        && filters.any("is-task", |flag| matches!(flag, "0" | "false"))
        && filters.labels(&view.config.labels))
}

fn in_network(view: &Record, wanted: &str) -> bool {
    let named =
        view.host.network_mode == wanted || view.wishes.contains_key(wanted) || view.endpoints.contains_key(wanted);
    named || view.endpoints.values().any(|endpoint| !wanted.is_empty() && endpoint.network_id.starts_with(wanted))
}

fn has_volume(view: &Record, wanted: &str) -> bool {
    view.mounts.iter().any(|mount| {
        let source = match &mount.source {
            MountSource::Volume { name, .. } => name == wanted,
            MountSource::Bind { path, .. } => path == wanted,
            MountSource::Tmpfs { .. } => false,
        };
        source || mount.destination == wanted
    })
}

/// `80`, `80/tcp`, `8000-8010/udp`: which ports a filter means.
fn in_range(wanted: &str, port: u16, protocol: &str) -> bool {
    let (range, wanted_protocol) = wanted.split_once('/').unwrap_or((wanted, "tcp"));
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let bounds = first.parse::<u16>().ok().zip(last.parse::<u16>().ok());
    wanted_protocol == protocol && bounds.is_some_and(|(first, last)| (first..=last).contains(&port))
}

fn published(view: &Record, wanted: &str) -> bool {
    ports(view).iter().any(|port| port.public_port != 0 && in_range(wanted, port.public_port, &port.kind))
}

fn exposed(view: &Record, wanted: &str) -> bool {
    ports(view).iter().any(|port| in_range(wanted, port.private_port, &port.kind))
}

fn ports(view: &Record) -> Vec<Port> {
    let mut all = Vec::new();
    if !view.state.status.alive() {
        return all;
    }
    for (key, bindings) in &view.ports {
        let Ok((private_port, protocol)) = super::ports::parse(key) else { continue };
        let plain = Port { private_port, kind: protocol.to_owned(), ..Port::default() };
        match bindings {
            Some(bindings) => all.extend(bindings.iter().map(|binding| Port {
                ip: binding.host_ip.clone(),
                public_port: binding.host_port.parse().unwrap_or_default(),
                ..plain.clone()
            })),
            None => all.push(plain),
        }
    }
    all
}

/// `Up 5 minutes (healthy)`, `Exited (0) 2 hours ago`.
fn status(container: &Container, view: &Record) -> String {
    let state = &view.state;
    let since = |time: Timestamp| knarr_model::age(Timestamp::now().seconds() - time.seconds());
    match state.status {
        Status::Created => "Created".into(),
        Status::Running => {
            let health = container.health.load();
            let health = health.as_ref().map(|health| match health.status.as_str() {
                "starting" => " (health: starting)".to_owned(),
                status => format!(" ({status})"),
            });
            format!("Up {}{}", since(state.started), health.unwrap_or_default())
        }
        Status::Paused => format!("Up {} (Paused)", since(state.started)),
        Status::Restarting => format!("Restarting ({}) {} ago", state.exit_code, since(state.finished)),
        Status::Removing => "Removal In Progress".into(),
        Status::Dead => "Dead".into(),
        Status::Exited => format!("Exited ({}) {} ago", state.exit_code, since(state.finished)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_filters_take_ranges() {
        assert!(in_range("80", 80, "tcp") && in_range("8000-8010/udp", 8005, "udp"));
        assert!(!in_range("80/udp", 80, "tcp") && !in_range("x", 80, "tcp"));
    }
}
