//! `tree`.

mod forest;
mod graph;
mod text;

use clap::ValueEnum;
use knarr_api::tree::Tree;

use crate::client::{Call, Client};
use crate::error::Result;
use crate::output;
use forest::Forest;

/// Show images by the layers that they stand on
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS]")]
#[command(after_help = "NODE is a tag, the id of an image, or the beginning of a layer's chain id (column NODE).
FROM says how it is known what an image was made from: 'built' here, by its build's provenance, by an annotation of its
manifest, by shared layers alone; or unknown. A full circle marks a container that runs.

Examples:
  knarr tree
  knarr tree --children debian:12            what a flaw in it affects
  knarr tree --parents web --format dot | dot -Tsvg >web.svg")]
pub(crate) struct Args {
    /// Also intermediate images of builds
    #[arg(short, long)]
    all: bool,
    /// Only this node and what stands on it
    #[arg(long, value_name = "NODE", conflicts_with = "parents")]
    children: Option<String>,
    /// Layout: text, json, dot (Graphviz) or mermaid
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text", hide_possible_values = true)]
    format: Format,
    /// Only this image and what it stands on
    #[arg(long, value_name = "IMAGE")]
    parents: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Dot,
    Mermaid,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let call = call(self.all).maybe("children", self.children.as_ref()).maybe("parents", self.parents.as_ref());
        let tree: Tree = client.json(call).await?;
        match self.format {
            Format::Text => {
                text::print(&tree)?;
                if let Some(node) = &self.children {
                    output::line(format!("\n{}", text::affected(node, &tree)))?;
                }
            }
            Format::Json => output::document(&tree)?,
            Format::Dot => output::text(&graph::dot(&Forest::of(&tree)))?,
            Format::Mermaid => output::text(&graph::mermaid(&Forest::of(&tree)))?,
        }
        Ok(0)
    }
}

/// Prints the whole tree, as `image ls --tree` does.
pub(super) async fn list(client: &Client, all: bool) -> Result {
    text::print(&client.json(call(all)).await?)
}

fn call(all: bool) -> Call {
    Call::get(&["knarr", "tree"]).flag("all", all)
}
