//! `network connect`.

use knarr_api::network::ConnectRequest;

use crate::client::{Call, Client};
use crate::error::Result;
use crate::spec;

/// Connect a container to a network
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] NETWORK CONTAINER")]
pub(crate) struct Args {
    /// Name on the network
    #[arg(long, value_name = "NAME")]
    alias: Vec<String>,
    /// Option of the driver
    #[arg(long, value_name = "NAME=VALUE")]
    driver_opt: Vec<String>,
    /// Priority for the default gateway
    #[arg(long, value_name = "N", default_value_t)]
    gw_priority: i64,
    /// IPv4 address
    #[arg(long, value_name = "IP", default_value_t)]
    ip: String,
    /// IPv6 address
    #[arg(long, value_name = "IP", default_value_t)]
    ip6: String,
    /// Link to another container
    #[arg(long, value_name = "CONTAINER[:ALIAS]")]
    link: Vec<String>,
    /// The network
    network: String,
    /// The container
    container: String,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let wish = spec::Network {
            name: self.network.clone(),
            aliases: self.alias,
            ip: self.ip,
            ip6: self.ip6,
            mac: String::new(),
            gw_priority: self.gw_priority,
            driver_opts: spec::pairs(&self.driver_opt),
        };
        let mut endpoint = wish.endpoint();
        endpoint.links = self.link;
        let request = ConnectRequest { container: self.container, endpoint_config: Some(endpoint) };
        client.done(Call::post(&["networks", &self.network, "connect"]).body(&request)).await?;
        Ok(0)
    }
}
