//! `network create`.

use knarr_api::network::{CreateRequest, CreateResponse, Ipam, IpamConfig};

use crate::client::{Call, Client};
use crate::error::{Error, Result};
use crate::output;
use crate::spec;

/// Make a network
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] NETWORK")]
#[command(after_help = "Containers on the same network reach each other by name:
  knarr network create back
  knarr run -d --network back --name db my/db
  knarr run --rm --network back debian getent hosts db")]
pub(crate) struct Args {
    /// Containers may be attached by hand
    #[arg(long)]
    attachable: bool,
    /// Reserved address
    #[arg(long, value_name = "NAME=IP")]
    aux_address: Vec<String>,
    /// Driver
    #[arg(short, long, value_name = "DRIVER", default_value = "bridge")]
    driver: String,
    /// Address of the bridge
    #[arg(long, value_name = "IP", value_delimiter = ',')]
    gateway: Vec<String>,
    /// No way out
    #[arg(long)]
    internal: bool,
    /// Where addresses are taken from
    #[arg(long, value_name = "CIDR", value_delimiter = ',')]
    ip_range: Vec<String>,
    /// Driver of addresses
    #[arg(long, value_name = "DRIVER", default_value = "default")]
    ipam_driver: String,
    /// Option of that driver
    #[arg(long, value_name = "NAME=VALUE")]
    ipam_opt: Vec<String>,
    /// Addresses of IPv4
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    ipv4: Option<bool>,
    /// Addresses of IPv6
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    ipv6: Option<bool>,
    /// Set a label
    #[arg(long, value_name = "NAME=VALUE", value_parser = spec::label)]
    label: Vec<String>,
    /// Option of the driver
    #[arg(short, long, value_name = "NAME=VALUE")]
    opt: Vec<String>,
    /// Range of addresses
    #[arg(long, value_name = "CIDR", value_delimiter = ',')]
    subnet: Vec<String>,
    /// Name of the network
    network: String,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let request = self.request()?;
        let made: CreateResponse = client.json(Call::post(&["networks", "create"]).body(&request)).await?;
        if !made.warning.is_empty() {
            output::complain(format!("WARNING: {}", made.warning));
        }
        output::line(made.id)?;
        Ok(0)
    }

    fn request(&self) -> Result<CreateRequest> {
        let ipam =
            Ipam { driver: self.ipam_driver.clone(), options: spec::pairs(&self.ipam_opt), config: self.ranges()? };
        Ok(CreateRequest {
            name: self.network.clone(),
            driver: self.driver.clone(),
            enable_ipv4: self.ipv4,
            enable_ipv6: self.ipv6,
            ipam,
            internal: self.internal,
            attachable: self.attachable,
            options: spec::pairs(&self.opt),
            labels: spec::pairs(&self.label),
            ..CreateRequest::default()
        })
    }

    /// The n-th range and gateway belong to the n-th subnet.
    fn ranges(&self) -> Result<Vec<IpamConfig>> {
        if self.subnet.len() < self.ip_range.len() || self.subnet.len() < self.gateway.len() {
            return Err(Error::invalid("every ip-range or gateway must have a corresponding subnet"));
        }
        let at = |list: &[String], index: usize| list.get(index).cloned().unwrap_or_default();
        let mut ranges: Vec<IpamConfig> = Vec::new();
        for (index, subnet) in self.subnet.iter().enumerate() {
            ranges.push(IpamConfig {
                subnet: subnet.clone(),
                ip_range: at(&self.ip_range, index),
                gateway: at(&self.gateway, index),
                auxiliary_addresses: Default::default(),
            });
        }
        match (ranges.first_mut(), self.aux_address.is_empty()) {
            (Some(first), false) => first.auxiliary_addresses = spec::pairs(&self.aux_address),
            (None, false) => return Err(Error::invalid("every aux-address must have a corresponding subnet")),
            _ => {}
        }
        Ok(ranges)
    }
}
