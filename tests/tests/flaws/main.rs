//! Rows 1 to 24 of the flaw catalogue ("Runtime and shim") through the engine: what an image, a request or a container tries, and what
//! comes of it. Each test names the guards in its way, and what was seen without them. Those of the OCI runtime alone are
//! `tests/runtime/cases/flaws_*.rs`; the table of both is in docs/conformance.md.

mod accounts;
mod capabilities;
mod descriptors;
mod groups;
mod kernel;
mod lengths;
mod names;
mod places;
mod policy;
mod processes;
mod sockets;
mod terminals;
mod users;

use std::path::PathBuf;

use knarr_e2e::{Client, Host, probe};

fn host() -> (Host, Client) {
    let host = probe::host().unwrap();
    let knarr = host.knarr();
    (host, knarr)
}

/// A folder of the host, for a container to have; its path.
fn folder(host: &Host, name: &str) -> (PathBuf, String) {
    let path = host.path().join(name);
    std::fs::create_dir(&path).unwrap();
    let text = path.to_string_lossy().into_owned();
    (path, text)
}
