//! `network ls`.

use knarr_api::network::Network;
use serde_json::Value;

use crate::client::{Call, Client};
use crate::error::Result;
use crate::output::{Listing, Row, nanoseconds};
use crate::verbs::container_rows::{labels, short_id};
use crate::verbs::filters::FilterArgs;

/// List networks
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS]")]
pub(crate) struct Args {
    #[command(flatten)]
    filter: FilterArgs,
    /// Layout: table, json, or a template such as '{{.Name}}'
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Do not cut ids
    #[arg(long)]
    no_trunc: bool,
    /// Only ids
    #[arg(short, long)]
    quiet: bool,
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
        let mut list: Vec<Network> = client.json(self.filter.apply(Call::get(&["networks"]))).await?;
        list.sort_by(|left, right| left.name.cmp(&right.name));
        let rows: Vec<Row> = list.iter().map(|network| row(network, self.no_trunc)).collect();
        let table = "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}";
        let quiet = self.quiet.then_some("ID");
        Listing { format: self.format.as_deref(), table, heads: HEADS, quiet }.print(&rows)?;
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
