//! The runtime as a program of its own.

use std::ffi::OsString;

use knarr_sys::arena::Arena;

#[global_allocator]
static MEMORY: Arena = Arena::new();

fn main() {
    MEMORY.begin();
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    std::process::exit(knarr_runtime::main(&args));
}
