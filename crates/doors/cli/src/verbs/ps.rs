//! `ps`.

use knarr_api::container::Summary;

use super::container_rows::{HEADS, row};
use super::filters::ListArgs;
use crate::client::{Call, Client};
use crate::error::Result;
use crate::login::ConfigFile;
use crate::output::Listing;

/// List containers
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS]")]
#[command(after_help = "Examples:
  knarr ps -a --filter status=exited
  knarr ps --format '{{.Names}}\\t{{.Ports}}'
  knarr rm $(knarr ps -aq --filter label=tmp)")]
pub(crate) struct Args {
    /// Also those that do not run
    #[arg(short, long)]
    all: bool,
    #[command(flatten)]
    list: ListArgs,
    /// Only the last N, whatever their state
    #[arg(short = 'n', long, value_name = "N", default_value_t = -1)]
    last: i64,
    /// Only the latest one
    #[arg(short, long)]
    latest: bool,
    /// Show sizes
    #[arg(short, long)]
    size: bool,
}

const TABLE: &str = "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let config_format = ConfigFile::load().ok().and_then(|file| file.setting("psFormat").map(str::to_owned));
        let format = self.list.format.clone().or(config_format.filter(|_| !self.list.quiet));
        let shows_size = |format: &str| format.contains(".Size") || format.contains("{{json .}}");
        let size = self.size || format.as_deref().is_some_and(shows_size);
        let call = Call::get(&["containers", "json"]).flag("all", self.all).flag("size", size);
        let limit = if self.latest { 1 } else { self.last };
        let call = if limit > 0 { call.query("limit", limit.to_string()) } else { call };
        let list: Vec<Summary> = client.json(self.list.filter.apply(call)).await?;
        let table = if self.size { format!("{TABLE}\t{{{{.Size}}}}") } else { TABLE.to_owned() };
        let rows: Vec<_> = list.iter().map(|summary| row(summary, self.list.no_trunc)).collect();
        let quiet = self.list.quiet.then_some("ID");
        Listing { format: format.as_deref(), table: &table, heads: HEADS, quiet }.print(&rows)?;
        Ok(0)
    }
}
