//! Dockerfiles beside Docker's builders: a table of cases, each with what Docker makes of it.
//!
//! The tables are `tests/dockerfiles/*.txt`. Their expectations were recorded from dockerd (its classic builder, or BuildKit where the classic
//! one lacks the feature) by the program `record-dockerfiles`; the tests build the same cases with knarr only.

mod case;
mod context;
mod server;
mod snapshot;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

pub use case::{Case, FAILS, Outcome, Table};
pub use server::FileServer;
pub use snapshot::{BASE, Snapshots};

use crate::{Client, Output};

/// Every table, by its name.
pub fn tables() -> Result<Vec<(String, PathBuf)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dockerfiles");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        let name = path.file_stem().context("a table without a name")?.to_string_lossy().into_owned();
        found.push((name, path));
    }
    found.sort();
    Ok(found)
}

/// A place where cases are built.
pub struct Bench<'a> {
    /// Who builds.
    pub client: &'a Client,
    /// The folder of the shared context ([`make_context`]).
    pub folder: &'a Path,
    /// Where the client sees that folder.
    pub seen: &'a Path,
    /// The URL under which the shared context is served.
    pub server: &'a str,
}

impl Bench<'_> {
    /// Builds a case; its image is called [`Case::image`].
    pub fn build(&self, case: &Case) -> Result<Output> {
        let dockerfile = ("Dockerfile".to_owned(), case.dockerfile(self.server));
        let own: Vec<_> = case.files.iter().chain([&dockerfile]).collect();
        for (name, text) in &own {
            std::fs::write(self.folder.join(name), text)?;
        }
        let (image, seen) = (case.image(), self.seen.to_string_lossy());
        let flags: Vec<&str> = case.flags.iter().map(String::as_str).collect();
        let output = self.client.run(&[&["build", "-t", &image], flags.as_slice(), &[&seen]].concat())?;
        own.iter().try_for_each(|(name, _)| std::fs::remove_file(self.folder.join(name)))?;
        Ok(output)
    }
}

/// Makes the shared context in a folder: what a [`FileServer`] serves, too.
pub fn make_context(folder: &Path) -> Result<()> {
    context::make(folder)
}
