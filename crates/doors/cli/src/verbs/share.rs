//! `share …`.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use knarr_api::share::{ShareEnabled, ShareOptions, ShareStatus};

use super::group::group;
use crate::client::{Call, Client};
use crate::error::{Error, Result};
use crate::output;

group! {
    /// Let other hosts take images from this daemon
    verbs {
        Disable(Disable),
        Enable(Enable),
        Status(Status),
    }
}

/// End sharing; its token is worth nothing then
#[derive(Debug, clap::Args)]
#[command(override_usage = "")]
pub(crate) struct Disable {}

impl Disable {
    async fn run(self, client: &Client) -> Result<u8> {
        client.done(Call::post(&["knarr", "share", "disable"])).await?;
        Ok(0)
    }
}

/// Share all images, read-only, with who has the token that is printed
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] ADDRESS:PORT")]
#[command(
    after_help = "The token is told this once. It stays good until `knarr share disable`, over restarts of the daemon. Without a
certificate only a loopback address can be shared on. Files of certificates are on the daemon's host.

Example, and on another host:
  knarr share enable --tls-cert box.pem --tls-key box.key 0.0.0.0:5443
  knarr login -u knarr box.lan:5443          the token as password
  knarr pull --peer box.lan:5443 debian:12"
)]
pub(crate) struct Enable {
    /// PEM file of the certificate chain
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// PEM file of the key
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Write the token to this new file (0600) instead of printing it
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Where to listen
    #[arg(value_name = "ADDRESS:PORT")]
    address: String,
}

impl Enable {
    async fn run(self, client: &Client) -> Result<u8> {
        // Made first: a token that cannot be written is lost.
        let mut file = self.token_file.as_deref().map(new_file).transpose()?;
        let options = ShareOptions {
            address: self.address,
            certificate: absolute(self.tls_cert.as_deref())?,
            key: absolute(self.tls_key.as_deref())?,
        };
        let enabled: Result<ShareEnabled> = client.json(Call::post(&["knarr", "share", "enable"]).body(&options)).await;
        let enabled = enabled.inspect_err(|_| {
            if let Some(path) = &self.token_file {
                let _ = std::fs::remove_file(path);
            }
        })?;
        match (&mut file, &self.token_file) {
            (Some(file), Some(path)) => {
                let written = writeln!(file, "{}", enabled.token).and_then(|()| file.sync_all());
                written.map_err(|e| Error::io(format!("write {}", path.display()), e))?;
            }
            _ => output::line(&enabled.token)?,
        }
        eprintln!("Sharing at {}", enabled.address);
        Ok(0)
    }
}

/// Say whether and where images are shared
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS]")]
pub(crate) struct Status {
    /// Layout: text or json
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"], hide_possible_values = true)]
    format: String,
}

impl Status {
    async fn run(self, client: &Client) -> Result<u8> {
        let status: ShareStatus = client.json(Call::get(&["knarr", "share"])).await?;
        match self.format.as_str() {
            "json" => output::document(&status)?,
            _ => output::line(text(&status))?,
        }
        Ok(0)
    }
}

fn text(status: &ShareStatus) -> String {
    if !status.enabled {
        return "disabled".to_owned();
    }
    if !status.failure.is_empty() {
        return format!("enabled at {}, but nobody can read: {}", status.address, status.failure);
    }
    let how =
        if status.certificate.is_empty() { "in plain text".to_owned() } else { format!("by {}", status.certificate) };
    format!("enabled at {}, {how}", status.address)
}

/// The daemon stands in another folder.
fn absolute(path: Option<&Path>) -> Result<String> {
    let Some(path) = path else { return Ok(String::new()) };
    let whole = std::path::absolute(path).map_err(|e| Error::io(format!("find {}", path.display()), e))?;
    Ok(whole.display().to_string())
}

fn new_file(path: &Path) -> Result<File> {
    let made = File::options().write(true).create_new(true).mode(0o600).open(path);
    made.map_err(|e| Error::io(format!("make {}", path.display()), e))
}
