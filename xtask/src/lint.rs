//! Formatting, clippy, documentation, licences.

use anyhow::Result;

use crate::{floors, fuzz, setup, shell};

/// All lints; warnings are errors.
pub fn run() -> Result<()> {
    setup::packages(&[setup::BUILD])?;
    setup::musl_target()?;
    floors::run()?;
    shell::run("cargo", &["fmt", "--all", "--check"])?;
    shell::run("cargo", &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"])?;
    let mut doc = shell::command("cargo", &["doc", "--workspace", "--no-deps", "--document-private-items", "--quiet"]);
    doc.env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links");
    shell::check(doc)?;
    shim()?;
    // The rest of that workspace needs a C++ compiler: `cargo xtask fuzz` builds it.
    shell::run("cargo", &["fmt", "--manifest-path", fuzz::MANIFEST, "--check"])?;
    deny()
}

/// The shim is a workspace of its own, which the commands above pass by.
fn shim() -> Result<()> {
    shell::run("cargo", &["fmt", "--manifest-path", shell::SHIM, "--check"])?;
    let mut clippy = shell::shim("clippy");
    clippy.args(["--all-targets", "--quiet", "--", "-D", "warnings"]);
    shell::check(clippy)
}

/// Licences, bans and sources. The advisories need a database from the network; they are the maintainers' own errand
/// (`cargo deny check advisories`).
fn deny() -> Result<()> {
    if !shell::has("cargo-deny") {
        shell::run("cargo", &["install", "cargo-deny", "--locked", "--quiet"])?;
    }
    shell::run("cargo", &["deny", "--log-level", "error", "check", "licenses", "bans", "sources"])
}
