//! `inspect`.

use std::collections::BTreeMap;

use knarr_api::container::{GraphDriver, Inspect, MountPoint, NetworkSettings, State as WireState};
use knarr_api::network::EndpointSettings;
use knarr_model::Result;
use knarr_shim_client::LogForm;

use super::{Container, MountRecord, MountSource, Record, Status, logs, spec};
use crate::Engine;

impl Engine {
    /// Everything about one container; `size` also measures what it has written.
    pub async fn inspect(&self, name: &str, size: bool) -> Result<Inspect> {
        let container = self.containers.find(name)?;
        let view = container.view();
        let mut inspect = self.describe(&container, &view);
        if size {
            let written = self.size_rw(&view).await?;
            let image = self.layers.size(view.layer.as_ref()).unwrap_or_default();
            inspect.size_rw = Some(i64::try_from(written).unwrap_or(i64::MAX));
            inspect.size_root_fs = Some(i64::try_from(image + written).unwrap_or(i64::MAX));
        }
        Ok(inspect)
    }

    fn describe(&self, container: &Container, view: &Record) -> Inspect {
        let dir = self.container_dir(&view.id);
        let path = |name: &str| dir.join(name).to_string_lossy().into_owned();
        let mut command = view.command().into_iter();
        // Docker's clients read the file of json-file alone.
        let logged = logs::form(view) == Some(LogForm::JsonFile);
        Inspect {
            id: view.id.to_string(),
            created: view.created.to_string(),
            path: command.next().unwrap_or_default(),
            args: command.collect(),
            state: state(container, view),
            image: view.image_id.clone(),
            resolv_conf_path: path("resolv.conf"),
            hostname_path: path("hostname"),
            hosts_path: path("hosts"),
            log_path: if logged { path("log/json.log") } else { String::new() },
            name: view.slashed(),
            restart_count: i64::from(view.state.restarts),
            driver: "overlay2".into(),
            platform: "linux".into(),
            app_armor_profile: spec::apparmor_profile(&view.host.security_opt),
            exec_ids: live_sessions(container),
            host_config: (*view.host).clone(),
            graph_driver: self.layers_shown(view),
            mounts: self.mount_points(view),
            config: (*view.config).clone(),
            network_settings: network_settings(view),
            ..Inspect::default()
        }
    }

    fn layers_shown(&self, view: &Record) -> GraphDriver {
        let dir = self.container_dir(&view.id);
        let text = |path: std::path::PathBuf| path.to_string_lossy().into_owned();
        let lowers = self.layers.view(view.layer.as_ref()).map(|view| view.lowers).unwrap_or_default();
        let lowers: Vec<String> = lowers.into_iter().map(text).collect();
        let mut data = BTreeMap::from([
            ("LowerDir".to_owned(), lowers.join(":")),
            ("UpperDir".to_owned(), text(dir.join("upper"))),
            ("WorkDir".to_owned(), text(dir.join("work"))),
        ]);
        // Mounted nowhere on the host: its processes see it.
        if view.state.status.alive() {
            data.insert("MergedDir".into(), format!("/proc/{}/root", view.state.pid));
        }
        GraphDriver { data, name: "overlay2".into() }
    }

    /// What is mounted in it, as lists and inspect show it.
    pub(super) fn mount_points(&self, view: &Record) -> Vec<MountPoint> {
        let shown = view.mounts.iter().filter(|mount| !matches!(mount.source, MountSource::Tmpfs { .. }));
        shown.map(|mount| self.mount_point(mount)).collect()
    }

    fn mount_point(&self, mount: &MountRecord) -> MountPoint {
        let base = MountPoint {
            destination: mount.destination.clone(),
            mode: mount.mode.clone(),
            rw: !mount.read_only,
            ..MountPoint::default()
        };
        match &mount.source {
            MountSource::Bind { path, .. } => {
                let propagation = if mount.propagation.is_empty() { "rprivate" } else { &mount.propagation };
                MountPoint { kind: "bind".into(), source: path.clone(), propagation: propagation.into(), ..base }
            }
            MountSource::Volume { name, anonymous, .. } => {
                let source = self.roots.data("volumes").join(name).join("_data").to_string_lossy().into_owned();
                let mode = if base.mode.is_empty() && !anonymous { "z".into() } else { base.mode };
                MountPoint { kind: "volume".into(), name: name.clone(), source, driver: "local".into(), mode, ..base }
            }
            MountSource::Tmpfs { .. } => MountPoint { kind: "tmpfs".into(), ..base },
        }
    }
}

fn state(container: &Container, view: &Record) -> WireState {
    let state = &view.state;
    let health = container.health.load_full().filter(|_| view.config.healthcheck.is_some());
    WireState {
        status: state.status.word().into(),
        running: state.status.alive() || state.status == Status::Restarting,
        paused: state.status == Status::Paused,
        restarting: state.status == Status::Restarting,
        oom_killed: state.oom_killed,
        dead: state.status == Status::Dead,
        pid: i64::from(state.pid),
        exit_code: i64::from(state.exit_code),
        error: state.error.clone(),
        started_at: state.started.to_string(),
        finished_at: state.finished.to_string(),
        health: health.map(|health| (*health).clone()),
    }
}

fn live_sessions(container: &Container) -> Vec<String> {
    let sessions = container.sessions();
    let live = sessions.values().filter(|session| session.progress().exit_code.is_none());
    live.map(|session| session.id.clone()).collect()
}

/// Its endpoints; one that does not run shows where it will be connected.
pub(super) fn networks(view: &Record) -> BTreeMap<String, EndpointSettings> {
    let mut networks = view.endpoints.clone();
    let mode = view.host.network_mode.as_str();
    if networks.is_empty() && !mode.starts_with("container:") {
        networks.insert(mode.to_owned(), view.wishes.get(mode).cloned().unwrap_or_default());
        networks.extend(view.wishes.iter().map(|(name, wishes)| (name.clone(), wishes.clone())));
    }
    networks
}

fn network_settings(view: &Record) -> NetworkSettings {
    let networks = networks(view);
    let mut settings = NetworkSettings { ports: view.ports.clone(), ..NetworkSettings::default() };
    if view.state.status.alive() {
        settings.sandbox_id = view.id.to_string();
        settings.sandbox_key = format!("/proc/{}/ns/net", view.state.pid);
    }
    if let Some(endpoint) = networks.get("bridge") {
        settings.endpoint_id.clone_from(&endpoint.endpoint_id);
        settings.gateway.clone_from(&endpoint.gateway);
        settings.ip_address.clone_from(&endpoint.ip_address);
        settings.ip_prefix_len = endpoint.ip_prefix_len;
        settings.mac_address.clone_from(&endpoint.mac_address);
    }
    settings.networks = networks;
    settings
}
