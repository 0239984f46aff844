//! `exec`.

use knarr_api::exec::{CreateRequest, CreateResponse, Inspect, StartRequest};

use crate::client::{Call, Client};
use crate::error::{Error, Result};
use crate::session::{Ended, Session};
use crate::spec;
use crate::terminal::{self, DetachKeys, RawMode, Resize, follow_size, size_of_stdout};

/// Run a command in a running container
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] CONTAINER COMMAND [ARG...]")]
#[command(after_help = "Examples:
  knarr exec -it web sh                  a shell beside the container's process
  knarr exec -u root -w /etc web ls      as another user, in another folder")]
pub(crate) struct Args {
    /// Run in the background
    #[arg(short, long)]
    detach: bool,
    /// Keys that detach, for example ctrl-p,ctrl-q
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<String>,
    /// Set an environment variable; a name alone takes its value from here
    #[arg(short, long, value_name = "NAME[=VALUE]", value_parser = spec::variable)]
    env: Vec<String>,
    /// Read environment variables from a file
    #[arg(long, value_name = "FILE")]
    env_file: Vec<String>,
    /// Keep stdin open
    #[arg(short, long)]
    interactive: bool,
    /// All capabilities
    #[arg(long)]
    privileged: bool,
    /// Give it a terminal
    #[arg(short, long)]
    tty: bool,
    /// User, and group, by name or number
    #[arg(short, long, value_name = "USER[:GROUP]")]
    user: Option<String>,
    /// Working folder
    #[arg(short, long, value_name = "PATH")]
    workdir: Option<String>,
    /// The container, then the command and its arguments
    #[arg(value_name = "CONTAINER COMMAND [ARG...]", required = true, trailing_var_arg = true, num_args = 2..)]
    words: Vec<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let [container, command @ ..] = self.words.as_slice() else {
            return Err(Error::invalid("a container is required"));
        };
        let keys = DetachKeys::parse(self.detach_keys.as_deref())?;
        let request = self.request(command)?;
        terminal::check_input(self.tty, request.attach_stdin)?;
        let call = Call::post(&["containers", container, "exec"]).body(&request);
        let made: CreateResponse = client.json(call).await?;
        if made.id.is_empty() {
            return Err(Error::invalid("exec ID empty"));
        }
        let start = Call::post(&["exec", &made.id, "start"]).body(&self.start());
        if self.detach {
            client.done(start).await?;
            return Ok(0);
        }
        self.attached(client, &made.id, start, keys).await
    }

    fn request(&self, command: &[String]) -> Result<CreateRequest> {
        Ok(CreateRequest {
            user: self.user.clone().unwrap_or_default(),
            privileged: self.privileged,
            tty: self.tty,
            console_size: self.console_size(),
            attach_stdin: self.interactive && !self.detach,
            attach_stdout: !self.detach,
            attach_stderr: !self.detach,
            detach_keys: self.detach_keys.clone().unwrap_or_default(),
            env: spec::environment(&self.env_file, &self.env)?,
            working_dir: self.workdir.clone().unwrap_or_default(),
            cmd: command.to_vec().into(),
        })
    }

    fn start(&self) -> StartRequest {
        StartRequest { detach: self.detach, tty: self.tty, console_size: self.console_size() }
    }

    fn console_size(&self) -> Option<[u32; 2]> {
        size_of_stdout().filter(|_| self.tty).map(|size| [size.rows.into(), size.columns.into()])
    }

    async fn attached(&self, client: &Client, id: &str, start: Call, keys: DetachKeys) -> Result<u8> {
        let connection = client.hijack(start).await?;
        let raw = if self.tty && self.interactive { RawMode::enter(false)? } else { None };
        if self.tty {
            tokio::spawn(follow_size(client.clone(), Resize::Exec(id.to_owned())));
        }
        let session = Session { connection, tty: self.tty, stdin: self.interactive, output: true, keys };
        let ended = session.hold().await;
        drop(raw);
        if ended? == Ended::Detached {
            return Err(Error::invalid("read escape sequence"));
        }
        let found: Inspect = client.json(Call::get(&["exec", id, "json"])).await?;
        Ok((found.exit_code.unwrap_or_default() & 0xff) as u8)
    }
}
