//! Removing what is unused: `container|image|network|volume|system|builder prune`.

use knarr_api::{container, image, network, volume};

use super::filters::FilterArgs;
use super::rmi;
use crate::client::{Call, Client};
use crate::error::Result;
use crate::output::{self, short_size};
use crate::spec::Filters;
use crate::terminal::ask;

/// Remove what is unused
#[derive(Debug, clap::Args)]
#[command(override_usage = "knarr KIND prune [OPTIONS]")]
pub(crate) struct Args {
    /// Also what has a name, not only what is dangling (images, volumes)
    #[arg(short, long)]
    all: bool,
    #[command(flatten)]
    filter: FilterArgs,
    /// Do not ask
    #[arg(short, long)]
    force: bool,
    /// Also volumes (system)
    #[arg(long)]
    volumes: bool,
}

impl Args {
    pub(crate) async fn containers(self, client: &Client) -> Result<u8> {
        if !self.agreed("This will remove all stopped containers.")? {
            return Ok(1);
        }
        total(containers(client, &self.filter).await?)
    }

    pub(crate) async fn images(self, client: &Client) -> Result<u8> {
        let what = if self.all {
            "all images without at least one container associated to them"
        } else {
            "all dangling images"
        };
        if !self.agreed(&format!("This will remove {what}."))? {
            return Ok(1);
        }
        total(images(client, &self.filter, self.all).await?)
    }

    pub(crate) async fn networks(self, client: &Client) -> Result<u8> {
        if !self.agreed("This will remove all custom networks not used by at least one container.")? {
            return Ok(1);
        }
        networks(client, &self.filter).await.map(|()| 0)
    }

    pub(crate) async fn volumes(self, client: &Client) -> Result<u8> {
        let what = if self.all { "all local volumes" } else { "anonymous local volumes" };
        if !self.agreed(&format!("This will remove {what} not used by at least one container."))? {
            return Ok(1);
        }
        total(volumes(client, &self.filter, self.all).await?)
    }

    pub(crate) async fn builds(self, client: &Client) -> Result<u8> {
        if !self.agreed("This will remove the build cache.")? {
            return Ok(1);
        }
        total(builds(client).await?)
    }

    pub(crate) async fn system(self, client: &Client) -> Result<u8> {
        let images_too = if self.all { "all images without at least one container" } else { "all dangling images" };
        let volumes_too =
            if self.volumes { "\n  - all anonymous volumes not used by at least one container" } else { "" };
        let warning = format!(
            "This will remove:\n  - all stopped containers\n  - all networks not used by at least one container{volumes_too}\n  \
             - {images_too}\n  - unused build cache\n"
        );
        if !self.agreed(&warning)? {
            return Ok(1);
        }
        let mut freed = containers(client, &self.filter).await?;
        networks(client, &self.filter).await?;
        if self.volumes {
            freed += volumes(client, &self.filter, false).await?;
        }
        freed += images(client, &self.filter, self.all).await?;
        freed += builds(client).await?;
        total(freed)
    }

    fn agreed(&self, warning: &str) -> Result<bool> {
        if self.force {
            return Ok(true);
        }
        output::text(&format!("WARNING! {warning}\n"))?;
        let answer = ask("Are you sure you want to continue? [y/N] ")?;
        Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
    }
}

fn total(bytes: u64) -> Result<u8> {
    output::line(format!("Total reclaimed space: {}", short_size(bytes as f64)))?;
    Ok(0)
}

fn listed(title: &str, names: &[String]) -> Result {
    if names.is_empty() { Ok(()) } else { output::line(format!("{title}:\n{}\n", names.join("\n"))) }
}

async fn containers(client: &Client, filter: &FilterArgs) -> Result<u64> {
    let answer: container::PruneResponse = client.json(filter.apply(Call::post(&["containers", "prune"]))).await?;
    listed("Deleted Containers", &answer.containers_deleted)?;
    Ok(answer.space_reclaimed)
}

async fn images(client: &Client, filter: &FilterArgs, all: bool) -> Result<u64> {
    let filters = with(filter, "dangling", if all { "false" } else { "true" });
    let answer: image::PruneResponse =
        client.json(super::filters::with_filters(Call::post(&["images", "prune"]), &filters)).await?;
    if !answer.images_deleted.is_empty() {
        output::line("Deleted Images:")?;
        rmi::print(&answer.images_deleted)?;
        output::line("")?;
    }
    Ok(answer.space_reclaimed)
}

async fn networks(client: &Client, filter: &FilterArgs) -> Result {
    let answer: network::PruneResponse = client.json(filter.apply(Call::post(&["networks", "prune"]))).await?;
    listed("Deleted Networks", &answer.networks_deleted)
}

async fn volumes(client: &Client, filter: &FilterArgs, all: bool) -> Result<u64> {
    let filters = if all { with(filter, "all", "true") } else { filter.filters() };
    let answer: volume::PruneResponse =
        client.json(super::filters::with_filters(Call::post(&["volumes", "prune"]), &filters)).await?;
    listed("Deleted Volumes", &answer.volumes_deleted)?;
    Ok(answer.space_reclaimed)
}

async fn builds(client: &Client) -> Result<u64> {
    let answer: image::BuildPruneResponse = client.json(Call::post(&["build", "prune"])).await?;
    listed("Deleted build cache objects", &answer.caches_deleted)?;
    Ok(answer.space_reclaimed)
}

fn with(filter: &FilterArgs, name: &str, value: &str) -> Filters {
    let mut filters = filter.filters();
    filters.entry(name.into()).or_default().insert(value.into(), true);
    filters
}
