//! `create`, and making a container for `run`: pulls the image where it is missing.

use std::fs;

use knarr_api::container::{CreateRequest, CreateResponse};

use super::{pull, reference};
use crate::client::{Call, Client};
use crate::create::{self, Attach, CreateFlags};
use crate::error::{Error, Result};
use crate::output;
use crate::progress::Target;

/// Make a container without starting it
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] IMAGE [COMMAND] [ARG...]")]
pub(crate) struct Args {
    #[command(flatten)]
    flags: CreateFlags,
    /// The image, then the command and its arguments
    #[arg(value_name = "IMAGE [COMMAND] [ARG...]", required = true, trailing_var_arg = true)]
    image: Vec<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let made = make(client, &self.flags, attach_of(&self.flags, false)?, &self.image).await;
        output::line(made.map_err(not_created)?)?;
        Ok(0)
    }
}

/// What is wrong with the words is Docker's 125; what the daemon says is not.
fn not_created(error: Error) -> Error {
    match error {
        Error::Invalid(_) | Error::Io { .. } => Error::Run { verb: "create", code: 125, source: Box::new(error) },
        _ => error,
    }
}

/// Which streams are wanted: those of `-a`, else stdout and stderr, and stdin with `-i`.
pub(crate) fn attach_of(flags: &CreateFlags, detach: bool) -> Result<Attach> {
    if detach && !flags.attach.is_empty() {
        return Err(Error::invalid("conflicting options: cannot specify both --attach and --detach"));
    }
    if detach {
        return Ok(Attach::default());
    }
    if flags.attach.is_empty() {
        return Ok(Attach { stdin: flags.interactive, stdout: true, stderr: true });
    }
    let has = |name: &str| flags.attach.iter().any(|stream| stream == name);
    Ok(Attach { stdin: has("stdin"), stdout: has("stdout"), stderr: has("stderr") })
}

/// Makes a container, pulling its image as `--pull` says; its id.
pub(crate) async fn make(client: &Client, flags: &CreateFlags, attach: Attach, words: &[String]) -> Result<String> {
    let [image, command @ ..] = words else { return Err(Error::invalid("an image is required")) };
    let pull = pull_policy(&flags.pull)?;
    let request = create::request(flags, attach, image, command)?;
    reference::check(image)?;
    refuse_old_cidfile(flags)?;
    if pull == Pull::Always {
        fetch(client, flags, image).await?;
    }
    let made = match post(client, flags, &request).await {
        Err(error) if pull == Pull::Missing && is_missing_image(&error) => {
            if !flags.quiet {
                output::complain(format!("Unable to find image '{}' locally", reference::familiar(image)));
            }
            fetch(client, flags, image).await?;
            post(client, flags, &request).await?
        }
        made => made?,
    };
    for warning in &made.warnings {
        output::complain(format!("WARNING: {warning}"));
    }
    if let Some(path) = &flags.cidfile {
        fs::write(path, &made.id).map_err(|e| Error::io(format!("create the container ID file {path}"), e))?;
    }
    Ok(made.id)
}

/// When an image is pulled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pull {
    Always,
    Missing,
    Never,
}

fn pull_policy(text: &str) -> Result<Pull> {
    match text {
        "always" => Ok(Pull::Always),
        "missing" | "" => Ok(Pull::Missing),
        "never" => Ok(Pull::Never),
        _ => Err(Error::invalid(format!(
            "invalid pull option: '{text}': must be one of \"always\", \"missing\" or \"never\""
        ))),
    }
}

fn refuse_old_cidfile(flags: &CreateFlags) -> Result {
    match &flags.cidfile {
        Some(path) if fs::exists(path).unwrap_or(false) => Err(Error::invalid(format!(
            "container ID file found, make sure the other container isn't running or delete {path}"
        ))),
        _ => Ok(()),
    }
}

async fn post(client: &Client, flags: &CreateFlags, request: &CreateRequest) -> Result<CreateResponse> {
    let call = Call::post(&["containers", "create"]).maybe("name", flags.name.as_ref());
    client.json(call.maybe("platform", flags.platform.as_ref()).body(request)).await
}

fn is_missing_image(error: &Error) -> bool {
    let text = error.to_string().to_lowercase();
    error.is_not_found() && (text.contains("no such image") || text.contains("image with reference"))
}

async fn fetch(client: &Client, flags: &CreateFlags, image: &str) -> Result {
    let target = if flags.quiet { Target::Nowhere } else { Target::Stderr };
    pull::pull(client, image, flags.platform.as_deref(), target).await
}
