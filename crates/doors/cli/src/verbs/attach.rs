//! `attach`.

use knarr_api::container::Inspect;

use super::{run::exit_code, wait};
use crate::client::{Call, Client};
use crate::error::{Error, Result};
use crate::session::{Ended, Session, forward_signals};
use crate::terminal::{self, DetachKeys, RawMode, Resize, follow_size};

/// Attach stdin, stdout and stderr to a running container
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] CONTAINER")]
#[command(after_help = "Leave with ctrl-p ctrl-q where the container has a terminal; it runs on.")]
pub(crate) struct Args {
    /// Keys that detach, for example ctrl-p,ctrl-q
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<String>,
    /// Do not attach stdin
    #[arg(long)]
    no_stdin: bool,
    /// Pass signals on to the process (default true)
    #[arg(long, default_value_t = true)]
    sig_proxy: bool,
    /// Name or id
    container: String,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let found: Inspect = client.json(Call::get(&["containers", &self.container, "json"])).await?;
        if !found.state.running {
            return Err(Error::invalid("You cannot attach to a stopped container, start it first"));
        }
        if found.state.paused {
            return Err(Error::invalid("You cannot attach to a paused container, unpause it first"));
        }
        let stdin = found.config.open_stdin && !self.no_stdin;
        terminal::check_input(found.config.tty, stdin)?;
        let exit = wait::begin(client, &found.id, "").await?;
        let held = Held { id: found.id, tty: found.config.tty, stdin, sig_proxy: self.sig_proxy };
        match held.hold(client, self.detach_keys.as_deref(), async { Ok(()) }).await? {
            Ended::Detached => Err(Error::invalid("read escape sequence")),
            Ended::Closed => exit_code(exit.end().await?),
        }
    }
}

/// A container that is attached to as it is.
pub(super) struct Held {
    pub(super) id: String,
    pub(super) tty: bool,
    pub(super) stdin: bool,
    pub(super) sig_proxy: bool,
}

impl Held {
    /// Attaches, does `then` (which may start it), and holds the session.
    pub(super) async fn hold(
        self,
        client: &Client,
        keys: Option<&str>,
        then: impl Future<Output = Result>,
    ) -> Result<Ended> {
        let keys = DetachKeys::parse(keys)?;
        if self.sig_proxy {
            tokio::spawn(forward_signals(client.clone(), self.id.clone()));
        }
        let call = Call::post(&["containers", &self.id, "attach"]).flag("stream", true).flag("stdin", self.stdin);
        let connection = client.hijack(call.flag("stdout", true).flag("stderr", true)).await?;
        let _raw = if self.tty && self.stdin { RawMode::enter(self.sig_proxy)? } else { None };
        let session = Session { connection, tty: self.tty, stdin: self.stdin, output: true, keys };
        let session = tokio::spawn(session.hold());
        if let Err(error) = then.await {
            session.abort();
            return Err(error);
        }
        if self.tty {
            tokio::spawn(follow_size(client.clone(), Resize::Container(self.id)));
        }
        session.await.map_err(|e| Error::invalid(format!("the session broke: {e}")))?
    }
}
