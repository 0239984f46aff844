//! `volume create`.

use knarr_api::volume::{CreateRequest, Volume};

use crate::client::{Call, Client};
use crate::error::Result;
use crate::output;
use crate::spec;

/// Make a volume
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] [VOLUME]")]
pub(crate) struct Args {
    /// Driver
    #[arg(short, long, value_name = "DRIVER", default_value = "local")]
    driver: String,
    /// Set a label
    #[arg(long, value_name = "NAME=VALUE", value_parser = spec::label)]
    label: Vec<String>,
    /// Option of the driver
    #[arg(short, long, value_name = "NAME=VALUE")]
    opt: Vec<String>,
    /// Name; none: a random one
    volume: Option<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let request = CreateRequest {
            name: self.volume.unwrap_or_default(),
            driver: self.driver,
            driver_opts: spec::pairs(&self.opt),
            labels: spec::pairs(&self.label),
        };
        let made: Volume = client.json(Call::post(&["volumes", "create"]).body(&request)).await?;
        output::line(made.name)?;
        Ok(0)
    }
}
