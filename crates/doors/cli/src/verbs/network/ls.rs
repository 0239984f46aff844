//! `network ls`.

use knarr_api::network::Network;
use serde_json::Value;

use crate::client::{Call, Client};
use crate::error::Result;
use crate::output::{Row, nanoseconds};
use crate::verbs::container_rows::{labels, short_id};
use crate::verbs::filters::ListArgs;

/// List networks
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS]")]
pub(crate) struct Args {
    #[command(flatten)]
    list: ListArgs,
}

const HEADS: &[(&str, &str)] = &[
    ("ID", "NETWORK ID"),
    ("Name", "NAME"),
    ("Driver", "DRIVER"),
    ("Scope", "SCOPE"),
    ("IPv4", "IPV4"),
    ("IPv6", "IPV6"),
    ("Internal", "INTERNAL"),
    ("Labels", "LABELS"),
    ("CreatedAt", "CREATED AT"),
];

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let mut list: Vec<Network> = client.json(self.list.filter.apply(Call::get(&["networks"]))).await?;
        list.sort_by(|left, right| left.name.cmp(&right.name));
        let rows: Vec<Row> = list.iter().map(|network| row(network, self.list.no_trunc)).collect();
        let table = "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}";
        self.list.listing(table, HEADS).print(&rows)?;
        Ok(0)
    }
}

fn row(network: &Network, whole: bool) -> Row {
    let cells = [
        ("ID", if whole { network.id.clone() } else { short_id(&network.id) }),
        ("Name", network.name.clone()),
        ("Driver", network.driver.clone()),
        ("Scope", network.scope.clone()),
        ("IPv4", network.enable_ipv4.to_string()),
        ("IPv6", network.enable_ipv6.to_string()),
        ("Internal", network.internal.to_string()),
        ("Labels", labels(&network.labels)),
        ("CreatedAt", nanoseconds(&network.created)),
    ];
    let row: Row = cells.into_iter().map(|(name, text)| (name.to_owned(), Value::String(text))).collect();
    row.with_labels(&network.labels)
}
