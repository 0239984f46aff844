//! `load`.

use std::io::{IsTerminal, stdin};

use crate::client::{Call, Client, body_of_file};
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
        let body = match &self.input {
            Some(path) => body_of_file(path).await?,
            None if stdin().is_terminal() => {
                return Err(Error::invalid("requested load from stdin, but stdin is empty: use -i FILE, or redirect"));
            }
            None => body_of_file("-").await?,
        };
        let call = Call::post(&["images", "load"]).query("quiet", if self.quiet { "1" } else { "0" });
        let call = call.maybe("platform", self.platform.as_ref()).tar(body);
        show(client.stream(call).await?, Target::Stdout).await?;
        Ok(0)
    }
}
