//! The one file that puts the daemon together: options → engine → doors.

use anyhow::{Context as _, Result};
use knarr_engine::{Config, Engine, Live};
use tokio::signal::unix::{SignalKind, signal};

use super::hosts::Host;
use super::log::Log;
use super::options::Options;
use super::pidfile::PidFile;
use super::said;

/// Opens the engine, serves its doors, and ends on SIGTERM or SIGINT. Containers keep running. SIGHUP reads the options again.
pub async fn serve(options: Options, log: &Log, again: impl Fn() -> Result<Options>) -> Result<()> {
    let engine = Engine::open(config(&options)).await.map_err(said)?;
    let _pidfile = options.pidfile.as_deref().map(PidFile::write).transpose()?;
    let (stop, stopped) = tokio::sync::watch::channel(());
    let mut doors = tokio::task::JoinSet::new();
    for host in &options.hosts {
        let listener = host.listen(&options).await?;
        let mut stopped = stopped.clone();
        let until = async move { drop(stopped.changed().await) };
        doors.spawn(knarr_docker_api::serve(engine.clone(), listener, until));
    }
    let mut closed = stopped.clone();
    doors.spawn(knarr_share::serve(engine.clone(), async move { drop(closed.changed().await) }));
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let mut hang_up = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hang_up.recv() => reload(&engine, log, again()),
            Some(ended) = doors.join_next() => {
                tracing::error!(?ended, "a door closed by itself");
                break;
            }
        }
    }
    drop(stop);
    while doors.join_next().await.is_some() {}
    engine.shutdown().await;
    for host in &options.hosts {
        if let Host::Unix(path) = host {
            let _ = std::fs::remove_file(path);
        }
    }
    Ok(())
}

/// Follows what may change while the daemon runs. Options that are wrong change nothing.
fn reload(engine: &Engine, log: &Log, options: Result<Options>) {
    match options {
        Ok(options) => {
            log.set_level(&options.log_level);
            engine.reload(live(&options));
            tracing::info!("configuration reloaded");
        }
        Err(error) => tracing::error!(error = format!("{error:#}"), "cannot reload the configuration"),
    }
}

fn live(options: &Options) -> Live {
    Live {
        insecure_registries: options.insecure_registries.clone(),
        registry_ca: options.registry_ca.clone(),
        registry_mirrors: options.registry_mirrors.clone(),
        peers: options.peers.clone(),
        certs_dirs: options.certs_dirs.clone(),
        labels: options.labels.clone(),
        debug: matches!(options.log_level.as_str(), "debug" | "trace"),
    }
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
        dns_search: options.dns_search.clone(),
        dns_options: options.dns_opts.clone(),
        log_max_size: options.log.max_size.unwrap_or(defaults.log_max_size),
        log_max_files: options.log.max_files.unwrap_or(defaults.log_max_files),
        live: live(options),
        compat_docker: options.compat_docker,
        cgroup_parent: options.cgroup_parent.clone().unwrap_or(defaults.cgroup_parent),
        stop_timeout: options.stop_timeout.unwrap_or(defaults.stop_timeout),
        shim: crate::SHIM,
    }
}
