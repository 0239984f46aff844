//! `save`.

use crate::client::{Call, Client};
use crate::error::Result;
use crate::output::Sink;

/// Write images to a tar archive
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] IMAGE [IMAGE...]")]
#[command(after_help = "Example:
  knarr save web | ssh other knarr load")]
pub(crate) struct Args {
    /// To this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<String>,
    /// Only this platform
    #[arg(long, value_name = "OS/ARCH")]
    platform: Option<String>,
    /// Names or ids
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let sink = Sink::open(self.output.as_deref())?;
        let named = |call| self.images.iter().fold(call, |call: Call, name| call.query("names", name));
        let call = |call| named(call).maybe("platform", self.platform.as_ref());
        let into_file = call(Call::post(&["knarr", "images", "save"]));
        if client.hand_over(into_file, &sink.file()?).await?.is_some() {
            sink.filled()?;
        } else {
            let response = client.send(call(Call::get(&["images", "get"]))).await?;
            sink.fill(response.into_body()).await?;
        }
        Ok(0)
    }
}
