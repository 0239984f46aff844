//! The daemon's log: lines on stderr, as many as the level lets through.

use std::io::IsTerminal as _;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Registry, reload};

/// The crates whose logs follow `--log-level`; libraries only warn.
const ROOMS: [&str; 7] =
    ["knarr", "knarr_engine", "knarr_docker_api", "knarr_network", "knarr_transfer", "knarr_layers", "knarr_content"];

/// The log, whose level can be changed.
pub struct Log(reload::Handle<Targets, Registry>);

impl Log {
    /// Begins to log.
    pub fn start(level: &str) -> Self {
        let (filter, handle) = reload::Layer::new(filter(level));
        let lines =
            tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
        let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
        Self(handle)
    }

    /// Logs more or less from now on.
    pub fn set_level(&self, level: &str) {
        // Fails only where the log is gone, at the process's end.
        let _ = self.0.reload(filter(level));
    }
}

fn filter(level: &str) -> Targets {
    let level = level.parse().unwrap_or(LevelFilter::INFO);
    Targets::new().with_default(LevelFilter::WARN).with_targets(ROOMS.map(|room| (room, level)))
}
