//! The runtime as a program of its own.

use std::ffi::OsString;

fn main() {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    std::process::exit(knarr_runtime::main(&args));
}
