//! `start`.

use std::cell::RefCell;

use knarr_api::container::Inspect;

use super::attach::Held;
use super::each::each;
use super::{run::exit_code, wait};
use crate::client::{Call, Client};
use crate::error::{Error, Result};
use crate::output;
use crate::session::Ended;
use crate::terminal;

/// Start stopped containers
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] CONTAINER [CONTAINER...]")]
pub(crate) struct Args {
    /// Attach stdout and stderr
    #[arg(short, long)]
    attach: bool,
    /// Attach stdin
    #[arg(short, long)]
    interactive: bool,
    /// Keys that detach, for example ctrl-p,ctrl-q
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<String>,
    /// Names or ids
    #[arg(value_name = "CONTAINER", required = true)]
    containers: Vec<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        if self.attach || self.interactive {
            return self.attached(client).await;
        }
        let failed = RefCell::new(Vec::new());
        let done = each(&self.containers, async |id| {
            let started = client.done(Call::post(&["containers", &id, "start"])).await;
            started.inspect_err(|_| failed.borrow_mut().push(id.clone())).map(|()| id)
        })
        .await;
        let failed = failed.into_inner();
        if !failed.is_empty() {
            output::complain(format!("Error: failed to start containers: {}", failed.join(", ")));
        }
        done
    }

    async fn attached(&self, client: &Client) -> Result<u8> {
        let [container] = self.containers.as_slice() else {
            return Err(Error::invalid("you cannot start and attach multiple containers at once"));
        };
        let found: Inspect = client.json(Call::get(&["containers", container, "json"])).await?;
        let (id, tty) = (found.id, found.config.tty);
        let stdin = self.interactive && found.config.open_stdin;
        terminal::check_input(tty, stdin)?;
        let condition = if found.host_config.auto_remove { "removed" } else { "next-exit" };
        let exit = wait::begin(client, &id, condition).await?;
        let held = Held { id: id.clone(), tty, stdin, sig_proxy: true };
        let start = client.done(Call::post(&["containers", &id, "start"]));
        match held.hold(client, self.detach_keys.as_deref(), start).await? {
            Ended::Detached => Ok(0),
            Ended::Closed => exit_code(exit.end().await?),
        }
    }
}
