//! `knarr daemon`: options, socket, signals.

mod assemble;
mod options;
mod pidfile;
mod socket;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;
use tracing_subscriber::filter::{LevelFilter, Targets};

use options::{Flags, Options};

/// Worker threads of the daemon: what it does is wait.
const WORKERS: usize = 2;
/// Threads for work on the disk, at most; idle ones end.
const BLOCKING: usize = 64;
const STACK_BYTES: usize = 512 << 10;

/// Runs the daemon until it is told to end.
pub fn main(args: &[OsString]) -> ExitCode {
    let options = match Flags::parse_from(args).resolve() {
        Ok(options) => options,
        Err(error) => return fail(&error),
    };
    log_to_stderr(&options.log_level);
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn run(options: Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(BLOCKING)
        .thread_stack_size(STACK_BYTES)
        .thread_keep_alive(std::time::Duration::from_secs(2))
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(assemble::serve(options));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    outcome
}

fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("knarr daemon: {error:#}");
    ExitCode::FAILURE
}

fn log_to_stderr(level: &str) {
    use std::io::IsTerminal as _;
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;
    let level = level.parse().unwrap_or(LevelFilter::INFO);
    let own = ROOMS.map(|room| (room, level));
    let filter = Targets::new().with_default(LevelFilter::WARN).with_targets(own);
    let lines =
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
}

/// The crates whose logs follow `--log-level`; libraries only warn.
const ROOMS: [&str; 7] =
    ["knarr", "knarr_engine", "knarr_docker_api", "knarr_network", "knarr_transfer", "knarr_layers", "knarr_content"];
