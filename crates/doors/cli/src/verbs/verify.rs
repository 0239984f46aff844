//! `image verify`.

use knarr_api::system::Quarantined;
use knarr_api::verify::{Damage, Verified};

use crate::client::{Call, Client};
use crate::error::{Error, Result};
use crate::login::{AUTH_HEADER, header_for};
use crate::output::{self, long_size};

/// Read all that images are made of, and find what is damaged
///
/// Blobs are compared with their digests, unpacked layers with their archives. The exit code is 1 where damage is found and stays.
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] [IMAGE...]")]
#[command(after_help = "Examples:
  knarr image verify
  knarr image verify --repair registry.example/team/web:1.2")]
pub(crate) struct Args {
    /// Move what is damaged to quarantine, and fetch or make it again
    #[arg(long)]
    repair: bool,
    /// Names or ids; all images where none is given
    #[arg(value_name = "IMAGE")]
    images: Vec<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let call = || Call::post(&["knarr", "images", "verify"]).flag("repair", self.repair);
        if self.images.is_empty() {
            return finish(print(&client.json(call()).await?)?);
        }
        let mut whole = true;
        for image in &self.images {
            let call = call().query("image", image).header(AUTH_HEADER, header_for(image));
            whole &= print(&client.json(call).await?)?;
        }
        finish(whole)
    }
}

fn finish(whole: bool) -> Result<u8> {
    if whole { Ok(0) } else { Err(Error::Silent(1)) }
}

/// Prints what was found; whether nothing of it is left.
fn print(verified: &Verified) -> Result<bool> {
    for damage in &verified.damaged {
        output::line(line(damage))?;
    }
    for layer in &verified.unknown {
        output::line(format!(
            "layer {layer}: its archive, or the layer below, is not here: nothing can be said of it"
        ))?;
    }
    for Quarantined { kind, name, size } in &verified.quarantine {
        let (size, prune) =
            (long_size(*size as f64), if kind == "container" { "container prune" } else { "image prune" });
        output::line(format!("in quarantine: {kind} {name}, {size}: `knarr {prune}` removes it"))?;
    }
    let left = verified.damaged.iter().filter(|damage| !damage.repaired).count();
    output::line(format!(
        "Images: {}, blobs: {}, layers: {}, damaged: {}, repaired: {}",
        verified.images,
        verified.blobs,
        verified.layers,
        verified.damaged.len(),
        verified.damaged.len() - left,
    ))?;
    Ok(left == 0)
}

fn line(damage: &Damage) -> String {
    let Damage { image, kind, digest, problem, .. } = damage;
    let found = format!("{image}: {kind} {digest}: {problem}");
    match (damage.repaired, damage.hint.as_str()) {
        (true, _) => format!("{found}: repaired"),
        (false, "") => found,
        (false, hint) => format!("{found}: not repaired: {hint}"),
    }
}
