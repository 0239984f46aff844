//! `why-kept`.

use knarr_api::compare::WhyKept;

use super::container_rows::short_id;
use crate::client::{Call, Client};
use crate::error::Result;
use crate::output;

/// Say why a layer stays on the disk
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] LAYER")]
#[command(after_help = "LAYER is the beginning of a chain id (knarr tree), of a diff id, or of a blob's digest.")]
pub(crate) struct Args {
    /// Layout: text or json
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"], hide_possible_values = true)]
    format: String,
    /// The layer
    layer: String,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let call = Call::get(&["knarr", "why-kept"]).query("layer", &self.layer);
        let kept: Vec<WhyKept> = client.json(call).await?;
        match self.format.as_str() {
            "json" => output::document(&kept)?,
            _ => output::text(&kept.iter().map(draw).collect::<String>())?,
        }
        Ok(0)
    }
}

fn draw(kept: &WhyKept) -> String {
    let reasons: String = kept.reasons.iter().map(|reason| format!("  {}\n", reason.text)).collect();
    format!("{} {} is kept by\n{reasons}", kept.kind, short_id(&kept.digest))
}
