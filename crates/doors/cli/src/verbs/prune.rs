//! Removing what is unused: `container|image|network|volume|system|builder prune`.

use knarr_api::{container, image, network, volume};

use super::filters::{collect, with_filters};
use super::rmi;
use crate::client::{Call, Client};
use crate::error::{Error, Result};
use crate::output::{self, long_size};
use crate::spec::{self, Filters};
use crate::terminal::read_answer;

/// What every `prune` takes.
#[derive(Debug, clap::Args)]
struct Flags {
    /// Only what matches, for example until=24h
    #[arg(long, value_name = "NAME=VALUE", value_parser = spec::filter)]
    filter: Vec<(String, String)>,
    /// Do not ask
    #[arg(short, long)]
    force: bool,
}

/// Remove stopped containers
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS]")]
pub(crate) struct Containers {
    #[command(flatten)]
    flags: Flags,
}

/// Remove networks that no container is on
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS]")]
pub(crate) struct Networks {
    #[command(flatten)]
    flags: Flags,
}

/// Remove images without a name
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS]")]
pub(crate) struct Images {
    /// Also those with a name that no container is made from
    #[arg(short, long)]
    all: bool,
    #[command(flatten)]
    flags: Flags,
}

/// Remove anonymous volumes that no container uses
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS]")]
pub(crate) struct Volumes {
    /// Also those with a name
    #[arg(short, long)]
    all: bool,
    #[command(flatten)]
    flags: Flags,
}

/// Remove what builds have left for reuse
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS]")]
pub(crate) struct Builds {
    /// Also what images still need
    #[arg(short, long)]
    all: bool,
    #[command(flatten)]
    flags: Flags,
}

/// Remove what is unused, of every kind
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS]")]
pub(crate) struct Everything {
    /// Also images that have a name
    #[arg(short, long)]
    all: bool,
    /// Also anonymous volumes
    #[arg(long)]
    volumes: bool,
    #[command(flatten)]
    flags: Flags,
}

impl Flags {
    fn filters(&self) -> Filters {
        collect(&self.filter)
    }

    fn agreed(&self, warning: &str) -> Result<bool> {
        if self.force {
            return Ok(true);
        }
        output::text(&format!("WARNING! {warning}\nAre you sure you want to continue? [y/N] "))?;
        Ok(matches!(read_answer()?.to_lowercase().as_str(), "y" | "yes"))
    }

    /// Removes if the user agrees, and says how much room there is again.
    async fn free(&self, warning: &str, removed: impl Future<Output = Result<u64>>) -> Result<u8> {
        if self.agreed(warning)? {
            output::line(format!("Total reclaimed space: {}", long_size(removed.await? as f64)))?;
        }
        Ok(0)
    }
}

impl Containers {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let removed = containers(client, self.flags.filters());
        self.flags.free("This will remove all stopped containers.", removed).await
    }
}

impl Networks {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        if self.flags.agreed("This will remove all custom networks not used by at least one container.")? {
            networks(client, self.flags.filters()).await?;
        }
        Ok(0)
    }
}

impl Images {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let what = match self.all {
            true => "all images without at least one container associated to them",
            false => "all dangling images",
        };
        let removed = images(client, self.flags.filters(), self.all);
        self.flags.free(&format!("This will remove {what}."), removed).await
    }
}

impl Volumes {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let what = if self.all { "all local volumes" } else { "anonymous local volumes" };
        let warning = format!("This will remove {what} not used by at least one container.");
        self.flags.free(&warning, volumes(client, self.flags.filters(), self.all)).await
    }
}

impl Builds {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let what = if self.all { "all build cache" } else { "all dangling build cache" };
        let removed = builds(client, self.flags.filters(), self.all);
        self.flags.free(&format!("This will remove {what}."), removed).await
    }
}

impl Everything {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        if self.volumes && self.flags.filters().contains_key("until") {
            return Err(Error::invalid("ERROR: The \"until\" filter is not supported with \"--volumes\""));
        }
        self.flags.free(&self.warning(), self.remove(client)).await
    }

    async fn remove(&self, client: &Client) -> Result<u64> {
        let filters = || self.flags.filters();
        let mut freed = containers(client, filters()).await?;
        networks(client, filters()).await?;
        if self.volumes {
            freed += volumes(client, filters(), false).await?;
        }
        freed += images(client, filters(), self.all).await?;
        freed += builds(client, filters(), self.all).await?;
        Ok(freed)
    }

    fn warning(&self) -> String {
        let mut all = vec!["all stopped containers", "all networks not used by at least one container"];
        all.extend(self.volumes.then_some("all anonymous volumes not used by at least one container"));
        all.extend(match self.all {
            true => ["all images without at least one container associated to them", "all build cache"],
            false => ["all dangling images", "unused build cache"],
        });
        let lines: String = all.iter().map(|what| format!("  - {what}\n")).collect();
        format!("This will remove:\n{lines}")
    }
}

fn listed(title: &str, names: &[String]) -> Result {
    if names.is_empty() { Ok(()) } else { output::line(format!("{title}:\n{}\n", names.join("\n"))) }
}

async fn containers(client: &Client, filters: Filters) -> Result<u64> {
    let call = with_filters(Call::post(&["containers", "prune"]), &filters);
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

async fn networks(client: &Client, filters: Filters) -> Result {
    let call = with_filters(Call::post(&["networks", "prune"]), &filters);
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

async fn builds(client: &Client, filters: Filters, all: bool) -> Result<u64> {
    let call = with_filters(Call::post(&["build", "prune"]), &filters).flag("all", all);
    let answer: image::BuildPruneResponse = client.json(call).await?;
    listed("Deleted build cache objects", &answer.caches_deleted)?;
    Ok(answer.space_reclaimed)
}

fn add(filters: &mut Filters, name: &str, value: &str) {
    filters.entry(name.into()).or_default().insert(value.into(), true);
}
