//! `run`: create, attach, wait, start; in this order, so that no output and no exit is missed.

use knarr_api::container::WaitResponse;

use super::create::{attach_of, make};
use super::wait;
use crate::client::{Call, Client};
use crate::create::{Attach, CreateFlags};
use crate::error::{Error, Result};
use crate::output;
use crate::session::{Ended, Session, forward_signals};
use crate::terminal::{self, DetachKeys, RawMode, Resize, follow_size};

/// Make a container from an image and run it
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] IMAGE [COMMAND] [ARG...]")]
#[command(after_help = "Examples:
  knarr run --rm debian cat /etc/os-release       one command, then gone
  knarr run --rm -it -v \"$PWD:/src\" -w /src debian bash
                                                  a shell with the folder here
  knarr run -d --name db -v data:/var/lib/db -m 512m --restart unless-stopped my/db
                                                  a service with a named volume
  knarr run -d -p 127.0.0.1:8080:80 nginx         reachable from this host only

The exit code is the command's own; 125: it was not started, 126: it cannot be executed,
127: it was not found.")]
pub(crate) struct Args {
    /// Run in the background and print the container's id
    #[arg(short, long)]
    detach: bool,
    /// Keys that detach, for example ctrl-p,ctrl-q
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<String>,
    /// Pass signals on to the process (default true)
    #[arg(long, default_value_t = true)]
    sig_proxy: bool,
    #[command(flatten)]
    flags: CreateFlags,
    /// The image, then the command and its arguments
    #[arg(value_name = "IMAGE [COMMAND] [ARG...]", required = true, trailing_var_arg = true)]
    image: Vec<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let attach = attach_of(&self.flags, self.detach).map_err(not_run)?;
        terminal::check_input(self.flags.tty, attach.stdin && !self.detach)?;
        let keys = DetachKeys::parse(self.detach_keys.as_deref()).map_err(not_run)?;
        let id = make(client, &self.flags, attach, &self.image).await.map_err(not_run)?;
        if !attach.any() {
            start(client, &id).await?;
            output::line(&id)?;
            return Ok(0);
        }
        self.attached(client, id, attach, keys).await
    }

    async fn attached(&self, client: &Client, id: String, attach: Attach, keys: DetachKeys) -> Result<u8> {
        if self.sig_proxy {
            tokio::spawn(forward_signals(client.clone(), id.clone()));
        }
        let connection = client.hijack(attach_call(&id, attach)).await.map_err(not_run)?;
        let condition = if self.flags.rm { "removed" } else { "next-exit" };
        let exit = wait::begin(client, &id, condition).await.map_err(not_run)?;
        let tty = self.flags.tty;
        let raw = if tty && attach.stdin { RawMode::enter(self.sig_proxy).map_err(not_run)? } else { None };
        let session = Session { connection, tty, stdin: attach.stdin, output: attach.stdout || attach.stderr, keys };
        // The session is held from before the start on, so that no output is missed.
        let session = tokio::spawn(session.hold());
        if let Err(error) = start(client, &id).await {
            drop(raw);
            session.abort();
            return Err(error);
        }
        if tty {
            tokio::spawn(follow_size(client.clone(), Resize::Container(id.clone())));
        }
        let ended = session.await.map_err(|e| Error::invalid(format!("the session broke: {e}")))?;
        drop(raw);
        if ended? == Ended::Detached {
            return Ok(0);
        }
        exit_code(exit.end().await?)
    }
}

fn attach_call(id: &str, attach: Attach) -> Call {
    let call = Call::post(&["containers", id, "attach"]).flag("stream", true);
    call.flag("stdin", attach.stdin).flag("stdout", attach.stdout).flag("stderr", attach.stderr)
}

/// The container's exit code as ours.
pub(super) fn exit_code(answer: WaitResponse) -> Result<u8> {
    match answer.error.filter(|error| !error.message.is_empty()) {
        Some(error) => Err(not_run(Error::invalid(error.message))),
        None => Ok((answer.status_code & 0xff) as u8),
    }
}

async fn start(client: &Client, id: &str) -> Result {
    client.done(Call::post(&["containers", id, "start"])).await.map_err(not_run)
}

/// A failure before the command ran: 127 where it was not found, 126 where it cannot be executed, else 125.
fn not_run(error: Error) -> Error {
    let text = error.to_string();
    let says = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    let code = match () {
        () if matches!(error, Error::Silent(_)) => return error,
        () if !matches!(error, Error::Daemon { .. }) => 125,
        () if says(&[
            "executable file not found",
            "no such file or directory",
            "system cannot find the file specified",
        ]) =>
        {
            127
        }
        () if says(&["permission denied", "is a directory"]) => 126,
        () => 125,
    };
    Error::Run { verb: "run", code, source: Box::new(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_have_dockers_codes() {
        let daemon = |message: &str| not_run(Error::Daemon { status: 400, message: message.into() }).code();
        assert_eq!(daemon("exec: \"x\": executable file not found in $PATH"), 127);
        assert_eq!(daemon("exec /x: permission denied"), 126);
        assert_eq!(daemon("conflict"), 125);
        assert_eq!(not_run(Error::NoDaemon { host: "unix:///x".into() }).code(), 125);
    }
}
