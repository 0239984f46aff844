//! `push`.

use super::reference::{self, split_reference};
use crate::client::{Call, Client};
use crate::error::{Error, Result};
use crate::login::{AUTH_HEADER, header_for};
use crate::output;
use crate::progress::{Target, show};

/// Send an image to a registry
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] NAME[:TAG]")]
#[command(after_help = "Examples:
  knarr tag web localhost:5000/web && knarr push localhost:5000/web
  knarr login registry.example && knarr push registry.example/team/web:1.2")]
pub(crate) struct Args {
    /// All tags of the name
    #[arg(short, long)]
    all_tags: bool,
    /// Compress layers so, gzip or zstd, where they are not yet; chunks of zstd layers can be fetched one by one
    #[arg(long, value_name = "KIND")]
    compression: Option<String>,
    /// Only this platform of an image that has several
    #[arg(long, value_name = "OS/ARCH")]
    platform: Option<String>,
    /// Print only the name
    #[arg(short, long)]
    quiet: bool,
    /// The image
    #[arg(value_name = "NAME[:TAG]")]
    image: String,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let reference = reference::parse(&self.image)?;
        let (name, tag) = split_reference(&self.image);
        if self.all_tags && tag.is_some() {
            return Err(Error::invalid("tag can't be used with --all-tags/-a"));
        }
        if !self.all_tags && tag.is_none() && !self.quiet {
            output::line("Using default tag: latest")?;
        }
        let tag = if self.all_tags { None } else { Some(tag.unwrap_or_else(|| "latest".into())) };
        let call = Call::post(&["images", &name, "push"]).maybe("tag", tag).maybe("platform", self.platform.as_ref());
        let call = call.maybe("compression", self.compression.as_ref());
        let target = if self.quiet { Target::Nowhere } else { Target::Stdout };
        show(client.stream(call.header(AUTH_HEADER, header_for(&self.image))).await?, target).await?;
        if self.quiet {
            output::line(reference.to_string())?;
        }
        Ok(0)
    }
}
