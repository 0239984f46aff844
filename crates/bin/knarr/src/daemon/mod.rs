//! `knarr daemon`: options, hosts, log, signals.

mod assemble;
mod hosts;
mod log;
mod log_options;
mod options;
mod peers;
mod pidfile;
mod socket;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;
use knarr_model::Fault;

use log::Log;
use options::{Flags, Options};

/// Worker threads of the daemon: what it does is wait.
const WORKERS: usize = 2;
/// Threads for work on the disk, at most; idle ones end.
const BLOCKING: usize = 64;
/// Address space of a thread's stack; what is not used costs nothing. The futures of a pull lie deep in one another.
const STACK_BYTES: usize = 2 << 20;

/// Runs the daemon until it is told to end.
pub fn main(args: &[OsString]) -> ExitCode {
    let flags = Flags::parse_from(args);
    let options = match flags.clone().resolve() {
        Ok(options) => options,
        Err(error) => return fail(&error),
    };
    if options.validate {
        println!("configuration OK");
        return ExitCode::SUCCESS;
    }
    match run(options, &flags) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn run(options: Options, flags: &Flags) -> Result<()> {
    let log = Log::start(&options.log_level);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(BLOCKING)
        .thread_stack_size(STACK_BYTES)
        .thread_keep_alive(std::time::Duration::from_secs(2))
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(assemble::serve(options, &log, || flags.clone().resolve()));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    outcome
}

fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("knarr daemon: {error:#}");
    ExitCode::FAILURE
}

/// A fault with all its causes, for a person at a terminal.
fn said(fault: Fault) -> anyhow::Error {
    anyhow::Error::msg(fault.full())
}
