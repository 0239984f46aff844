//! `port`.

use knarr_api::container::{Inspect, PortBinding};

use crate::client::{Call, Client};
use crate::error::{Error, Result};
use crate::output;

/// List the published ports of a container
#[derive(Debug, clap::Args)]
#[command(override_usage = "CONTAINER [PRIVATE_PORT[/PROTO]]")]
pub(crate) struct Args {
    /// Name or id
    container: String,
    /// Only this port of the container
    #[arg(value_name = "PRIVATE_PORT[/PROTO]")]
    port: Option<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let found: Inspect = client.json(Call::get(&["containers", &self.container, "json"])).await?;
        let ports = found.network_settings.ports;
        if let Some(wanted) = self.port {
            let key = if wanted.contains('/') { wanted.clone() } else { format!("{wanted}/tcp") };
            let Some(bindings) = ports.get(&key).and_then(Option::as_ref).filter(|list| !list.is_empty()) else {
                return Err(Error::invalid(format!(
                    "Error: No public port \'{wanted}\' published for {}",
                    self.container
                )));
            };
            return bindings.iter().try_for_each(|binding| output::line(address(binding))).map(|()| 0);
        }
        let mut lines: Vec<(u16, String)> = Vec::new();
        for (port, bindings) in &ports {
            let number = port.split('/').next().and_then(|n| n.parse().ok()).unwrap_or(0);
            let rows = bindings.iter().flatten().map(|binding| (number, format!("{port} -> {}", address(binding))));
            lines.extend(rows);
        }
        lines.sort();
        lines.iter().try_for_each(|(_, line)| output::line(line)).map(|()| 0)
    }
}

fn address(binding: &PortBinding) -> String {
    match binding.host_ip.contains(':') {
        true => format!("[{}]:{}", binding.host_ip, binding.host_port),
        false => format!("{}:{}", binding.host_ip, binding.host_port),
    }
}
