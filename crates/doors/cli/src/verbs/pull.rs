//! `pull`.

use std::collections::BTreeMap;

use knarr_api::system::AuthConfig;

use super::reference::{self, split_reference};
use crate::client::{Call, Client};
use crate::error::{Error, Result};
use crate::login::{AUTH_HEADER, CONFIG_HEADER, ConfigFile, header, header_for};
use crate::output;
use crate::progress::{Target, show};

/// Fetch an image from a registry
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] NAME[:TAG|@DIGEST]")]
#[command(after_help = "Examples:
  knarr pull debian:12
  knarr pull localhost:5000/web              from a registry on this host, over http
  knarr pull --up-to 2 debian                its two lowest layers
  knarr pull --peer box.lan:5443 debian      from there what is there; first: knarr login -u knarr box.lan:5443, the token as password
  knarr pull --platform linux/arm64 debian")]
pub(crate) struct Args {
    /// All tags of the name
    #[arg(short, long)]
    all_tags: bool,
    /// Take from this daemon what it has (knarr share), the rest from the registry; may be repeated
    #[arg(long = "peer", value_name = "HOST[:PORT]")]
    peers: Vec<String>,
    /// Platform, for example linux/arm64
    #[arg(long, value_name = "OS/ARCH")]
    platform: Option<String>,
    /// Print only the name
    #[arg(short, long)]
    quiet: bool,
    /// Only the lowest layers: their number, or the beginning of a chain id, diff id or digest of the uppermost; they become an
    /// image without a tag, and a later pull goes on from there
    #[arg(long, value_name = "NODE", conflicts_with = "all_tags")]
    up_to: Option<String>,
    /// The image
    #[arg(value_name = "NAME[:TAG|@DIGEST]")]
    image: String,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let reference = reference::parse(&self.image)?;
        let (name, tag) = split_reference(&self.image);
        let target = if self.quiet { Target::Nowhere } else { Target::Stdout };
        if self.all_tags {
            if tag.is_some() {
                return Err(Error::invalid("tag can't be used with --all-tags/-a"));
            }
            fetch(client, &name, None, self.options(), target).await?;
            output::line(name)?;
            return Ok(0);
        }
        if tag.is_none() && !self.quiet {
            output::line("Using default tag: latest")?;
        }
        fetch(client, &name, Some(tag.as_deref().unwrap_or("latest")), self.options(), target).await?;
        output::line(reference.to_string())?;
        Ok(0)
    }

    fn options(&self) -> Options<'_> {
        Options { platform: self.platform.as_deref(), up_to: self.up_to.as_deref(), peers: &self.peers }
    }
}

/// Pulls one image.
pub(crate) async fn pull(client: &Client, image: &str, platform: Option<&str>, target: Target) -> Result {
    reference::parse(image)?;
    let (name, tag) = split_reference(image);
    let options = Options { platform, ..Options::default() };
    fetch(client, &name, Some(tag.as_deref().unwrap_or("latest")), options, target).await
}

/// What of an image is pulled.
#[derive(Default, Clone, Copy)]
struct Options<'a> {
    platform: Option<&'a str>,
    up_to: Option<&'a str>,
    peers: &'a [String],
}

async fn fetch(client: &Client, name: &str, tag: Option<&str>, options: Options<'_>, target: Target) -> Result {
    let call = Call::post(&["images", "create"]).query("fromImage", name).maybe("tag", tag);
    let call = call.maybe("platform", options.platform).maybe("up-to", options.up_to);
    let call = options.peers.iter().fold(call, |call, peer| call.query("peer", peer));
    let call = call.header(AUTH_HEADER, header_for(name));
    let call =
        if options.peers.is_empty() { call } else { call.header(CONFIG_HEADER, header(&tokens(options.peers)?)) };
    show(client.stream(call).await?, target).await.map(drop)
}

/// What is known of these peers by `login`.
fn tokens(peers: &[String]) -> Result<BTreeMap<&str, AuthConfig>> {
    let file = ConfigFile::load()?;
    let known = |peer| Ok(file.credentials(peer)?.map(|auth| (peer, auth)));
    peers.iter().map(|peer| known(peer.as_str())).filter_map(Result::transpose).collect()
}
