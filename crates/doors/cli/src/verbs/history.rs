//! `history`.

use knarr_api::image::History;
use serde_json::Value;

use super::container_rows::{short_id, shorten};
use crate::client::{Call, Client};
use crate::error::Result;
use crate::output::{Listing, Row, iso, short_size, since};

/// Show how an image came to be
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] IMAGE")]
pub(crate) struct Args {
    /// Layout: table, json, or a template such as '{{.CreatedBy}}'
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Sizes and times for people (default true)
    #[arg(short = 'H', long, default_value_t = true)]
    human: bool,
    /// Do not cut long columns
    #[arg(long)]
    no_trunc: bool,
    /// Only ids
    #[arg(short, long)]
    quiet: bool,
    /// Name or id
    image: String,
}

const HEADS: &[(&str, &str)] = &[
    ("ID", "IMAGE"),
    ("CreatedSince", "CREATED"),
    ("CreatedAt", "CREATED AT"),
    ("CreatedBy", "CREATED BY"),
    ("Size", "SIZE"),
    ("Comment", "COMMENT"),
];

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let list: Vec<History> = client.json(Call::get(&["images", &self.image, "history"])).await?;
        let rows: Vec<Row> = list.iter().map(|entry| self.row(entry)).collect();
        let created = if self.human { "CreatedSince" } else { "CreatedAt" };
        let table = format!("{{{{.ID}}}}\t{{{{.{created}}}}}\t{{{{.CreatedBy}}}}\t{{{{.Size}}}}\t{{{{.Comment}}}}");
        let quiet = self.quiet.then_some("ID");
        Listing { format: self.format.as_deref(), table: &table, heads: HEADS, quiet }.print(&rows)?;
        Ok(0)
    }

    fn row(&self, entry: &History) -> Row {
        let by = entry.created_by.replace('\t', " ");
        let columns = [
            ("ID", if self.no_trunc { entry.id.clone() } else { short_id(&entry.id) }),
            ("CreatedSince", if entry.created <= 0 { "N/A".into() } else { since(entry.created) }),
            ("CreatedAt", iso(entry.created)),
            ("CreatedBy", if self.no_trunc { by } else { shorten(&by, 45) }),
            ("Size", if self.human { short_size(entry.size as f64) } else { entry.size.to_string() }),
            ("Comment", entry.comment.clone()),
        ];
        columns.into_iter().map(|(name, text)| (name.to_owned(), Value::String(text))).collect()
    }
}
