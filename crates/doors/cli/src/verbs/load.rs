//! `load`.

use std::fs::File;
use std::io::{IsTerminal, Seek as _, stdin};
use std::os::fd::AsFd as _;

use crate::client::{Call, Client, Lines, body_of_reader};
use crate::error::{Error, Result};
use crate::progress::{Target, show};

/// Read images from a tar archive
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS]")]
pub(crate) struct Args {
    /// From this file instead of stdin
    #[arg(short, long, value_name = "FILE")]
    input: Option<String>,
    /// Only this platform
    #[arg(long, value_name = "OS/ARCH")]
    platform: Option<String>,
    /// No progress
    #[arg(short, long)]
    quiet: bool,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let quiet = if self.quiet { "1" } else { "0" };
        let call = |path: &[&str]| Call::post(path).query("quiet", quiet).maybe("platform", self.platform.as_ref());
        let file = self.open()?;
        let handed = match (&file).stream_position() {
            Ok(0) => client.hand_over(call(&["knarr", "images", "load"]), &file).await?,
            _ => None,
        };
        let lines = match handed {
            Some(response) => Lines::new("load".to_owned(), response.into_body()),
            None => {
                let body = body_of_reader(tokio::fs::File::from_std(file));
                client.stream(call(&["images", "load"]).tar(body)).await?
            }
        };
        show(lines, Target::Stdout).await?;
        Ok(0)
    }

    /// The archive; stdin from where it stands.
    fn open(&self) -> Result<File> {
        match &self.input {
            Some(path) => File::open(path).map_err(|e| Error::io(format!("open {path}"), e)),
            None if stdin().is_terminal() => {
                Err(Error::invalid("requested load from stdin, but stdin is empty: use -i FILE, or redirect"))
            }
            None => stdin().as_fd().try_clone_to_owned().map(File::from).map_err(|e| Error::io("read stdin", e)),
        }
    }
}
