//! `stats`.

use std::collections::BTreeMap;
use std::io::{IsTerminal, stdout};

use futures::StreamExt;
use knarr_api::container::{Stats, Summary};
use tokio::sync::mpsc;

use super::stats_rows::{HEADS, TABLE, row};
use crate::client::{Call, Client};
use crate::error::{Error, Result};
use crate::output::{self, Listing};

/// Show what containers use
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] [CONTAINER...]")]
pub(crate) struct Args {
    /// Also those that do not run
    #[arg(short, long)]
    all: bool,
    /// Layout: table, json, or a template such as '{{.Name}} {{.CPUPerc}}'
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// One reading only
    #[arg(long)]
    no_stream: bool,
    /// Do not cut ids
    #[arg(long)]
    no_trunc: bool,
    /// Names or ids; none: all that run
    #[arg(value_name = "CONTAINER")]
    containers: Vec<String>,
}

/// The last reading of each container, in the order in which they were named.
type Readings = BTreeMap<usize, (String, Stats)>;

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let names = if self.containers.is_empty() { self.running(client).await? } else { self.containers.clone() };
        if self.no_stream {
            return self.once(client, &names).await;
        }
        self.follow(client, names).await
    }

    async fn running(&self, client: &Client) -> Result<Vec<String>> {
        let list: Vec<Summary> = client.json(Call::get(&["containers", "json"]).flag("all", self.all)).await?;
        Ok(list.into_iter().map(|summary| summary.id).collect())
    }

    async fn once(&self, client: &Client, names: &[String]) -> Result<u8> {
        let calls = names.iter().map(|name| async move {
            let call = Call::get(&["containers", name, "stats"]).query("stream", "0");
            Ok::<_, Error>((name.clone(), client.json::<Stats>(call).await?))
        });
        let results: Vec<_> = futures::stream::iter(calls).buffered(50).collect().await;
        let readings: Result<Readings> = results.into_iter().enumerate().map(|(at, r)| Ok((at, r?))).collect();
        output::text(&self.render(&readings?)?)?;
        Ok(0)
    }

    /// Each container's stream feeds the last readings; they are printed once a second while there are any.
    async fn follow(&self, client: &Client, names: Vec<String>) -> Result<u8> {
        let (sender, mut receiver) = mpsc::channel(64);
        for (at, name) in names.into_iter().enumerate() {
            tokio::spawn(read(client.clone(), at, name, sender.clone()));
        }
        drop(sender);
        let mut readings = Readings::new();
        let mut tick = tokio::time::interval(std::time::Duration::from_secs(1));
        loop {
            tokio::select! {
                update = receiver.recv() => match update {
                    None => return Ok(0),
                    Some(Update::Reading(at, name, stats)) => {
                        readings.insert(at, (name, *stats));
                    }
                    Some(Update::Gone(at)) => {
                        readings.remove(&at);
                    }
                    Some(Update::Failed(error)) => return Err(error),
                },
                _ = tick.tick(), if !readings.is_empty() => {
                    if stdout().is_terminal() {
                        print_over()?;
                    }
                    output::text(&self.render(&readings)?)?;
                }
            }
        }
    }

    fn render(&self, readings: &Readings) -> Result<String> {
        let rows: Vec<_> = readings.values().map(|(name, stats)| row(name, stats, self.no_trunc)).collect();
        Listing { format: self.format.as_deref(), table: TABLE, heads: HEADS, quiet: None }.render(&rows)
    }
}

/// Clears the screen: these are our own control characters.
fn print_over() -> Result {
    crate::session::print_raw(b"\x1b[H\x1b[J")
}

enum Update {
    Reading(usize, String, Box<Stats>),
    Gone(usize),
    Failed(Error),
}

async fn read(client: Client, at: usize, name: String, sender: mpsc::Sender<Update>) {
    let last = match follow_one(&client, at, &name, &sender).await {
        Ok(()) => Update::Gone(at),
        Err(error) => Update::Failed(error),
    };
    // Nobody listens any more when the verb has ended.
    let _ = sender.send(last).await;
}

async fn follow_one(client: &Client, at: usize, name: &str, sender: &mpsc::Sender<Update>) -> Result {
    let call = Call::get(&["containers", name, "stats"]).query("stream", "1");
    let mut lines = client.stream::<Stats>(call).await?;
    while let Some(stats) = lines.next().await? {
        if sender.send(Update::Reading(at, name.to_owned(), Box::new(stats))).await.is_err() {
            break;
        }
    }
    Ok(())
}
