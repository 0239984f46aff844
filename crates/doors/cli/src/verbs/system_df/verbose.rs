//! `system df -v`: every object, by kind.

use jiff::Timestamp;
use knarr_api::container::Summary;
use knarr_api::system::{BuildCache, DiskUsage, Quarantined};
use serde_json::{Value, json};

use crate::error::Result;
use crate::output::{Listing, Row, long_size, since};
use crate::template::Template;
use crate::verbs::container_rows::{self, short_id};
use crate::verbs::{images, volume};

const IMAGES: &str = "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}";
const CONTAINERS: &str =
    "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}";
const VOLUMES: &str = "{{.Name}}\t{{.Links}}\t{{.Size}}";
const BUILDS: &str =
    "{{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t{{.UsageCount}}\t{{.Shared}}";

const QUARANTINE: &str = "{{.Type}}\t{{.Name}}\t{{.Size}}";
const QUARANTINE_HEADS: &[(&str, &str)] = &[("Type", "TYPE"), ("Name", "NAME"), ("Size", "SIZE")];

const BUILD_HEADS: &[(&str, &str)] = &[
    ("ID", "CACHE ID"),
    ("CacheType", "CACHE TYPE"),
    ("Size", "SIZE"),
    ("CreatedSince", "CREATED"),
    ("LastUsedSince", "LAST USED"),
    ("UsageCount", "USAGE"),
    ("Shared", "SHARED"),
    ("InUse", "IN USE"),
    ("Description", "DESCRIPTION"),
];

/// The tables of all kinds; with a format, one document of the lists of all kinds.
pub(super) fn render(usage: &DiskUsage, format: Option<&str>) -> Result<String> {
    match format {
        None | Some("" | "table") => tables(usage),
        Some("json") => Ok(format!("{}\n", document(usage))),
        Some(text) => Ok(format!("{}\n", Template::parse(text)?.render(&document(usage))?)),
    }
}

fn tables(usage: &DiskUsage) -> Result<String> {
    let table = |table, heads, rows: &[Row]| Listing { format: None, table, heads, quiet: None }.render(rows);
    let size: i64 = usage.build_cache.iter().filter(|record| !record.shared).map(|record| record.size).sum();
    let quarantine = match usage.quarantine.as_slice() {
        [] => String::new(),
        _ => format!("\nQuarantine space usage:\n\n{}", table(QUARANTINE, QUARANTINE_HEADS, &quarantine_rows(usage))?),
    };
    Ok([
        "Images space usage:\n\n".to_owned(),
        table(IMAGES, images::HEADS, &image_rows(usage, false))?,
        "\nContainers space usage:\n\n".to_owned(),
        table(CONTAINERS, container_rows::HEADS, &container_rows(usage, false))?,
        "\nLocal Volumes space usage:\n\n".to_owned(),
        table(VOLUMES, volume::ls::HEADS, &volume_rows(usage))?,
        format!("\nBuild cache usage: {}\n\n", long_size(size as f64)),
        table(BUILDS, BUILD_HEADS, &build_rows(usage, false))?,
        quarantine,
    ]
    .concat())
}

fn document(usage: &DiskUsage) -> Value {
    let list = |rows: Vec<Row>| rows.into_iter().map(Row::into_value).collect::<Vec<Value>>();
    json!({
        "Images": list(image_rows(usage, true)),
        "Containers": list(container_rows(usage, true)),
        "Volumes": list(volume_rows(usage)),
        "BuildCache": list(build_rows(usage, true)),
    })
}

fn image_rows(usage: &DiskUsage, whole: bool) -> Vec<Row> {
    // One row an image, whatever its names.
    usage.images.iter().filter_map(|image| images::rows(image, whole, false).into_iter().next()).collect()
}

fn container_rows(usage: &DiskUsage, whole: bool) -> Vec<Row> {
    let own = |summary: &Summary| Summary { size_root_fs: None, ..summary.clone() };
    usage.containers.iter().map(|summary| container_rows::row(&own(summary), whole)).collect()
}

fn volume_rows(usage: &DiskUsage) -> Vec<Row> {
    usage.volumes.iter().map(volume::ls::row).collect()
}

fn quarantine_rows(usage: &DiskUsage) -> Vec<Row> {
    let row = |thing: &Quarantined| {
        let cells =
            [("Type", thing.kind.clone()), ("Name", thing.name.clone()), ("Size", long_size(thing.size as f64))];
        cells.into_iter().map(|(name, text)| (name.to_owned(), Value::String(text))).collect()
    };
    usage.quarantine.iter().map(row).collect()
}

fn build_rows(usage: &DiskUsage, whole: bool) -> Vec<Row> {
    usage.build_cache.iter().map(|record| build_row(record, whole)).collect()
}

fn build_row(record: &BuildCache, whole: bool) -> Row {
    let ago = |text: &str| text.parse::<Timestamp>().map(|time| since(time.as_second())).unwrap_or_default();
    let columns = [
        ("ID", if whole { record.id.clone() } else { short_id(&record.id) }),
        ("CacheType", record.kind.clone()),
        ("Size", long_size(record.size as f64)),
        ("CreatedSince", ago(&record.created_at)),
        ("LastUsedSince", record.last_used_at.as_deref().map(ago).unwrap_or_default()),
        ("UsageCount", record.usage_count.to_string()),
        ("Shared", record.shared.to_string()),
        ("InUse", record.in_use.to_string()),
        ("Description", record.description.clone()),
    ];
    columns.into_iter().map(|(name, text)| (name.to_owned(), Value::String(text))).collect()
}
