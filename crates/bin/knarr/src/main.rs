//! The one binary: client, daemon, registry, OCI runtime and shim for containerd, by its first argument or by the name it is called under.
//!
//! Only dispatch happens here; `daemon/assemble.rs` is the one file that puts the parts of the daemon together.

mod daemon;
mod registry;

use std::ffi::OsString;
use std::process::ExitCode;

use knarr_sys::arena::Arena;

/// The system's allocator, but for the runtime.
#[global_allocator]
static MEMORY: Arena = Arena::new();

/// The shim, carried inside the binary and run from a sealed memfd.
static SHIM: &[u8] = include_bytes!(env!("KNARR_SHIM"));

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let called_as = args.first().map(base_name).unwrap_or_default();
    let verb = args.get(1).and_then(|arg| arg.to_str()).unwrap_or_default();
    match (called_as.as_str(), verb) {
        (knarr_containerd_shim::NAME, _) => knarr_containerd_shim::main(&args[1..]),
        ("knarr-runtime", _) => runtime(&args[1..]),
        (_, "runtime") => runtime(&args[2..]),
        (_, "daemon") => daemon::main(&args[1..]),
        (_, "registry") => registry::main(&args[1..]),
        _ => knarr_cli::main(args),
    }
}

fn base_name(arg: &OsString) -> String {
    std::path::Path::new(arg).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The runtime is called for each container start: it must not pay for the other parts.
fn runtime(args: &[OsString]) -> ExitCode {
    MEMORY.begin();
    ExitCode::from(u8::try_from(knarr_runtime::main(args)).unwrap_or(1))
}
