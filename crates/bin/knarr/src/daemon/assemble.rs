//! The one file that puts the daemon together: options → engine → doors.

use anyhow::{Context as _, Result};
use knarr_engine::{Config, Engine};
use knarr_model::Fault;
use tokio::net::UnixListener;
use tokio::signal::unix::{SignalKind, signal};

use super::options::Options;
use super::pidfile::PidFile;
use super::socket;

/// Opens the engine, serves its doors, and ends on SIGTERM or SIGINT. Containers keep running.
pub async fn serve(options: Options) -> Result<()> {
    let engine = Engine::open(config(&options)).await.map_err(said)?;
    let _pidfile = options.pidfile.as_deref().map(PidFile::write).transpose()?;
    let (stop, stopped) = tokio::sync::watch::channel(());
    let mut doors = tokio::task::JoinSet::new();
    for path in &options.sockets {
        let listener = UnixListener::from_std(socket::bind(path, options.group.as_deref())?)?;
        tracing::info!(socket = %path.display(), "listening");
        let mut stopped = stopped.clone();
        let until = async move { drop(stopped.changed().await) };
        doors.spawn(knarr_docker_api::serve(engine.clone(), listener, until));
    }
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        Some(ended) = doors.join_next() => tracing::error!(?ended, "a door closed by itself"),
    }
    drop(stop);
    while doors.join_next().await.is_some() {}
    engine.shutdown().await;
    for path in &options.sockets {
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

fn config(options: &Options) -> Config {
    let defaults = Config::default();
    Config {
        data_root: options.data_root.clone(),
        exec_root: options.exec_root.clone(),
        bridge: options.bridge.clone().unwrap_or(defaults.bridge),
        bip: options.bip.clone(),
        mtu: options.mtu,
        dns: options.dns.iter().map(ToString::to_string).collect(),
        insecure_registries: options.insecure_registries.clone(),
        registry_ca: options.registry_ca.clone(),
        compat_docker: options.compat_docker,
        cgroup_parent: options.cgroup_parent.clone().unwrap_or(defaults.cgroup_parent),
        labels: options.labels.clone(),
        stop_timeout: options.stop_timeout.unwrap_or(defaults.stop_timeout),
        shim: crate::SHIM,
        ..Config::default()
    }
}

/// A fault with all its causes, for a person at a terminal.
fn said(fault: Fault) -> anyhow::Error {
    anyhow::Error::msg(fault.full())
}
