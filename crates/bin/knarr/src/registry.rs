//! `knarr registry`: hands its arguments to the registry's door.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A registry of its own: keeps repositories of tagged images for any OCI client.
#[derive(Parser)]
#[command(name = "knarr registry", bin_name = "knarr registry", version)]
struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Serve a folder as a registry
    Serve(knarr_registry::ServeArgs),
}

/// Runs the registry until it is told to end.
pub fn main(args: &[OsString]) -> ExitCode {
    let Verb::Serve(serve) = Args::parse_from(args).verb;
    match knarr_registry::run(serve) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("knarr registry: {error:#}");
            ExitCode::FAILURE
        }
    }
}
