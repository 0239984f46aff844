//! Removing what is unused: `container|image|network|volume|system|builder prune`.

use knarr_api::{container, image, network, volume};

use super::filters::{collect, with_filters};
use super::rmi;
use crate::client::{Call, Client};
use crate::error::Result;
use crate::output::{self, short_size};
use crate::spec::{self, Filters};
use crate::terminal::ask;

/// Remove what is unused
#[derive(Debug, clap::Args)]
#[command(override_usage = "knarr KIND prune [OPTIONS]")]
pub(crate) struct Args {
    /// Only what matches, for example until=24h
    #[arg(long, value_name = "NAME=VALUE", value_parser = spec::filter)]
    filter: Vec<(String, String)>,
    /// Do not ask
    #[arg(short, long)]
    force: bool,
}

/// Remove what is unused
#[derive(Debug, clap::Args)]
#[command(override_usage = "knarr KIND prune [OPTIONS]")]
pub(crate) struct AllArgs {
    /// Also what has a name
    #[arg(short, long)]
    all: bool,
    #[command(flatten)]
    rest: Args,
}

/// Remove what is unused, of every kind
#[derive(Debug, clap::Args)]
#[command(override_usage = "knarr system prune [OPTIONS]")]
pub(crate) struct SystemArgs {
    /// Also images that have a name
    #[arg(short, long)]
    all: bool,
    /// Also anonymous volumes
    #[arg(long)]
    volumes: bool,
    #[command(flatten)]
    rest: Args,
}

impl Args {
    pub(crate) async fn containers(self, client: &Client) -> Result<u8> {
        if !self.agreed("This will remove all stopped containers.")? {
            return Ok(1);
        }
        total(containers(client, &self.filters()).await?)
    }

    pub(crate) async fn networks(self, client: &Client) -> Result<u8> {
        if !self.agreed("This will remove all custom networks not used by at least one container.")? {
            return Ok(1);
        }
        networks(client, &self.filters()).await.map(|()| 0)
    }

    fn filters(&self) -> Filters {
        collect(&self.filter)
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

impl AllArgs {
    pub(crate) async fn images(self, client: &Client) -> Result<u8> {
        let what = if self.all {
            "all images without at least one container associated to them"
        } else {
            "all dangling images"
        };
        if !self.rest.agreed(&format!("This will remove {what}."))? {
            return Ok(1);
        }
        total(images(client, self.rest.filters(), self.all).await?)
    }

    pub(crate) async fn volumes(self, client: &Client) -> Result<u8> {
        let what = if self.all { "all local volumes" } else { "anonymous local volumes" };
        if !self.rest.agreed(&format!("This will remove {what} not used by at least one container."))? {
            return Ok(1);
        }
        total(volumes(client, self.rest.filters(), self.all).await?)
    }

    pub(crate) async fn builds(self, client: &Client) -> Result<u8> {
        let what = if self.all { "all build cache" } else { "all dangling build cache" };
        if !self.rest.agreed(&format!("This will remove {what}."))? {
            return Ok(1);
        }
        total(builds(client, &self.rest.filters(), self.all).await?)
    }
}

impl SystemArgs {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let images_too = if self.all { "all images without at least one container" } else { "all dangling images" };
        let volumes_too =
            if self.volumes { "\n  - all anonymous volumes not used by at least one container" } else { "" };
        let warning = format!(
            "This will remove:\n  - all stopped containers\n  - all networks not used by at least one container{volumes_too}\n  \
             - {images_too}\n  - unused build cache\n"
        );
        if !self.rest.agreed(&warning)? {
            return Ok(1);
        }
        let filters = self.rest.filters();
        let mut freed = containers(client, &filters).await?;
        networks(client, &filters).await?;
        if self.volumes {
            freed += volumes(client, filters.clone(), false).await?;
        }
        freed += images(client, filters.clone(), self.all).await?;
        freed += builds(client, &filters, self.all).await?;
        total(freed)
    }
}

fn total(bytes: u64) -> Result<u8> {
    output::line(format!("Total reclaimed space: {}", short_size(bytes as f64)))?;
    Ok(0)
}

fn listed(title: &str, names: &[String]) -> Result {
    if names.is_empty() { Ok(()) } else { output::line(format!("{title}:\n{}\n", names.join("\n"))) }
}

async fn containers(client: &Client, filters: &Filters) -> Result<u64> {
    let call = with_filters(Call::post(&["containers", "prune"]), filters);
    let answer: container::PruneResponse = client.json(call).await?;
    listed("Deleted Containers", &answer.containers_deleted)?;
    Ok(answer.space_reclaimed)
}

async fn images(client: &Client, mut filters: Filters, all: bool) -> Result<u64> {
    add(&mut filters, "dangling", if all { "false" } else { "true" });
    let answer: image::PruneResponse = client.json(with_filters(Call::post(&["images", "prune"]), &filters)).await?;
    if !answer.images_deleted.is_empty() {
        output::line("Deleted Images:")?;
        rmi::print(&answer.images_deleted)?;
        output::line("")?;
    }
    Ok(answer.space_reclaimed)
}

async fn networks(client: &Client, filters: &Filters) -> Result {
    let call = with_filters(Call::post(&["networks", "prune"]), filters);
    let answer: network::PruneResponse = client.json(call).await?;
    listed("Deleted Networks", &answer.networks_deleted)
}

async fn volumes(client: &Client, mut filters: Filters, all: bool) -> Result<u64> {
    if all {
        add(&mut filters, "all", "true");
    }
    let answer: volume::PruneResponse = client.json(with_filters(Call::post(&["volumes", "prune"]), &filters)).await?;
    listed("Deleted Volumes", &answer.volumes_deleted)?;
    Ok(answer.space_reclaimed)
}

async fn builds(client: &Client, filters: &Filters, all: bool) -> Result<u64> {
    let call = with_filters(Call::post(&["build", "prune"]), filters).flag("all", all);
    let answer: image::BuildPruneResponse = client.json(call).await?;
    listed("Deleted build cache objects", &answer.caches_deleted)?;
    Ok(answer.space_reclaimed)
}

fn add(filters: &mut Filters, name: &str, value: &str) {
    filters.entry(name.into()).or_default().insert(value.into(), true);
}
