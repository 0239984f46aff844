//! `man`.

use std::fs;
use std::path::PathBuf;

use crate::cli::documented;
use crate::client::Client;
use crate::error::{Error, Result};

/// Write manual pages to a folder
#[derive(Debug, clap::Args)]
#[command(override_usage = "knarr man DIR")]
pub(crate) struct Args {
    /// The folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Args {
    pub(crate) async fn run(self, _: &Client) -> Result<u8> {
        let failed = |e| Error::io(format!("write manual pages to {}", self.folder.display()), e);
        fs::create_dir_all(&self.folder).map_err(failed)?;
        clap_mangen::generate_to(documented(), &self.folder).map_err(failed)?;
        Ok(0)
    }
}
