//! `system df`.

mod verbose;

use knarr_api::system::DiskUsage;
use serde_json::Value;

use crate::client::{Call, Client};
use crate::error::Result;
use crate::output::{self, Listing, Row, long_size};

/// Show what takes up the disk
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS]")]
pub(crate) struct Args {
    /// Layout: table, json, or a template such as '{{.Type}} {{.Size}}'
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Every object
    #[arg(short, long)]
    verbose: bool,
}

const HEADS: &[(&str, &str)] = &[
    ("Type", "TYPE"),
    ("TotalCount", "TOTAL"),
    ("Active", "ACTIVE"),
    ("Size", "SIZE"),
    ("Reclaimable", "RECLAIMABLE"),
];
const TABLE: &str = "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}";

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let usage: DiskUsage = client.json(Call::get(&["system", "df"])).await?;
        if self.verbose {
            output::text(&verbose::render(&usage, self.format.as_deref())?)?;
            return Ok(0);
        }
        let mut rows = vec![images(&usage), containers(&usage), volumes(&usage), builds(&usage)];
        rows.extend(quarantine(&usage));
        Listing { format: self.format.as_deref(), table: TABLE, heads: HEADS, quiet: None }.print(&rows)?;
        Ok(0)
    }
}

fn row(kind: &str, total: usize, active: usize, size: i64, free: i64) -> Row {
    let percent = if size > 0 && kind != "Build Cache" { format!(" ({}%)", free * 100 / size) } else { String::new() };
    let cells = [
        ("Type", kind.to_owned()),
        ("TotalCount", total.to_string()),
        ("Active", active.to_string()),
        ("Size", long_size(size as f64)),
        ("Reclaimable", format!("{}{percent}", long_size(free as f64))),
    ];
    cells.into_iter().map(|(name, text)| (name.to_owned(), Value::String(text))).collect()
}

fn images(usage: &DiskUsage) -> Row {
    let active = usage.images.iter().filter(|image| image.containers > 0);
    let used: i64 =
        active.clone().filter(|image| image.shared_size >= 0).map(|image| image.size - image.shared_size).sum();
    row("Images", usage.images.len(), active.count(), usage.layers_size, (usage.layers_size - used).max(0))
}

fn containers(usage: &DiskUsage) -> Row {
    let size = |active: Option<bool>| {
        let runs = |state: &str| matches!(state, "running" | "paused" | "restarting");
        let chosen = usage.containers.iter().filter(|c| active.is_none_or(|a| a == runs(&c.state)));
        (chosen.clone().count(), chosen.map(|c| c.size_rw.unwrap_or_default()).sum::<i64>())
    };
    row("Containers", usage.containers.len(), size(Some(true)).0, size(None).1, size(Some(false)).1)
}

fn volumes(usage: &DiskUsage) -> Row {
    let facts = |v: &knarr_api::volume::Volume| v.usage_data.clone().unwrap_or_default();
    let all: i64 = usage.volumes.iter().map(|v| facts(v).size.max(0)).sum();
    let active = usage.volumes.iter().filter(|v| facts(v).ref_count > 0);
    let used: i64 = active.clone().map(|v| facts(v).size.max(0)).sum();
    row("Local Volumes", usage.volumes.len(), active.count(), all, all - used)
}

fn builds(usage: &DiskUsage) -> Row {
    let all: i64 = usage.build_cache.iter().filter(|c| !c.shared).map(|c| c.size).sum();
    let active = usage.build_cache.iter().filter(|c| c.in_use);
    let used: i64 = active.clone().filter(|c| !c.shared).map(|c| c.size).sum();
    row("Build Cache", usage.build_cache.len(), active.count(), all, all - used)
}

/// What was found damaged, where there is any: all of it can go.
fn quarantine(usage: &DiskUsage) -> Option<Row> {
    let all: i64 = usage.quarantine.iter().map(|thing| thing.size).sum();
    (!usage.quarantine.is_empty()).then(|| row("Quarantine", usage.quarantine.len(), 0, all, all))
}
