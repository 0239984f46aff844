//! `volume ls`.

use knarr_api::volume::{ListResponse, Volume};
use serde_json::Value;

use crate::client::{Call, Client};
use crate::error::Result;
use crate::output::{self, Listing, Row, long_size};
use crate::verbs::container_rows::labels;
use crate::verbs::filters::FilterArgs;

/// List volumes
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS]")]
pub(crate) struct Args {
    #[command(flatten)]
    filter: FilterArgs,
    /// Layout: table, json, or a template such as '{{.Name}}'
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Only names
    #[arg(short, long)]
    quiet: bool,
}

/// Columns and their heads.
pub(crate) const HEADS: &[(&str, &str)] = &[
    ("Name", "VOLUME NAME"),
    ("Driver", "DRIVER"),
    ("Scope", "SCOPE"),
    ("Mountpoint", "MOUNTPOINT"),
    ("Labels", "LABELS"),
    ("Links", "LINKS"),
    ("Size", "SIZE"),
    ("Availability", "AVAILABILITY"),
    ("Group", "GROUP"),
    ("Status", "STATUS"),
];

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let mut answer: ListResponse = client.json(self.filter.apply(Call::get(&["volumes"]))).await?;
        answer.warnings.iter().for_each(|warning| output::complain(format!("WARNING: {warning}")));
        answer.volumes.sort_by(|left, right| left.name.cmp(&right.name));
        let rows: Vec<Row> = answer.volumes.iter().map(row).collect();
        let quiet = self.quiet.then_some("Name");
        Listing { format: self.format.as_deref(), table: "{{.Driver}}\t{{.Name}}", heads: HEADS, quiet }
            .print(&rows)?;
        Ok(0)
    }
}

/// One volume's columns.
pub(crate) fn row(volume: &Volume) -> Row {
    let usage = volume.usage_data.as_ref();
    let none = || "N/A".to_owned();
    let cells = [
        ("Name", volume.name.clone()),
        ("Driver", volume.driver.clone()),
        ("Scope", volume.scope.clone()),
        ("Mountpoint", volume.mountpoint.clone()),
        ("Labels", labels(&volume.labels)),
        ("Links", usage.map_or_else(none, |usage| usage.ref_count.to_string())),
        ("Size", usage.map_or_else(none, |usage| long_size(usage.size.max(0) as f64))),
        ("Availability", "N/A".into()),
        ("Group", "N/A".into()),
        ("Status", "N/A".into()),
    ];
    let row: Row = cells.into_iter().map(|(name, text)| (name.to_owned(), Value::String(text))).collect();
    row.with_labels(&volume.labels)
}
