//! `create`, and making a container for `run`: pulls the image where it is missing.

use std::fs;

use knarr_api::container::{CreateRequest, CreateResponse};

use super::pull;
use crate::client::{Call, Client};
use crate::create::{self, Attach, CreateFlags};
use crate::error::{Error, Result};
use crate::output;
use crate::progress::Target;

/// Make a container without starting it
#[derive(Debug, clap::Args)]
#[command(override_usage = "knarr create [OPTIONS] IMAGE [COMMAND] [ARG...]")]
pub(crate) struct Args {
    #[command(flatten)]
    flags: CreateFlags,
    /// The image, then the command and its arguments
    #[arg(value_name = "IMAGE [COMMAND] [ARG...]", required = true, trailing_var_arg = true)]
    image: Vec<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let attach = attach_of(&self.flags, false)?;
        output::line(make(client, &self.flags, attach, &self.image).await?)?;
        Ok(0)
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
    let has = |name: &str| flags.attach.iter().any(|stream| stream.eq_ignore_ascii_case(name));
    Ok(Attach { stdin: has("stdin"), stdout: has("stdout"), stderr: has("stderr") })
}

/// Makes a container, pulling its image as `--pull` says; its id.
pub(crate) async fn make(client: &Client, flags: &CreateFlags, attach: Attach, words: &[String]) -> Result<String> {
    let [image, command @ ..] = words else { return Err(Error::invalid("an image is required")) };
    let request = create::request(flags, attach, image, command)?;
    refuse_old_cidfile(flags)?;
    if flags.pull == "always" {
        fetch(client, flags, image).await?;
    }
    let made = match post(client, flags, &request).await {
        Err(error) if flags.pull == "missing" && is_missing_image(&error) => {
            if !flags.quiet {
                eprintln!("Unable to find image '{}' locally", pull::familiar(image));
            }
            fetch(client, flags, image).await?;
            post(client, flags, &request).await?
        }
        made => made?,
    };
    for warning in &made.warnings {
        eprintln!("WARNING: {warning}");
    }
    if let Some(path) = &flags.cidfile {
        fs::write(path, &made.id).map_err(|e| Error::io(format!("write the container id to {path}"), e))?;
    }
    Ok(made.id)
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
    error.is_not_found() && error.to_string().to_lowercase().contains("no such image")
}

async fn fetch(client: &Client, flags: &CreateFlags, image: &str) -> Result {
    let target = if flags.quiet { Target::Nowhere } else { Target::Stderr };
    pull::pull(client, image, flags.platform.as_deref(), target).await
}
