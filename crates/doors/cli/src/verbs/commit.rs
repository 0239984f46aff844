//! `commit`.

use knarr_api::image::CommitResponse;

use super::reference::{self, split_reference};
use crate::client::{Call, Client};
use crate::error::Result;
use crate::output;

/// Make an image from a container's files
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]")]
pub(crate) struct Args {
    /// Who made it
    #[arg(short, long, value_name = "NAME")]
    author: Option<String>,
    /// Apply an instruction of a Dockerfile, for example 'CMD [\"sh\"]'
    #[arg(short, long, value_name = "INSTRUCTION")]
    change: Vec<String>,
    /// A remark
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// Freeze the container meanwhile (default true)
    #[arg(short, long, default_value_t = true)]
    pause: bool,
    /// Name or id
    container: String,
    /// The image's name
    #[arg(value_name = "REPOSITORY[:TAG]")]
    name: Option<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        self.name.as_deref().map(reference::parse).transpose()?;
        let (name, tag) = self.name.as_deref().map(split_reference).unwrap_or_default();
        let call = Call::post(&["commit"]).query("container", &self.container).query("repo", name).maybe("tag", tag);
        let call = call.maybe("author", self.author).maybe("comment", self.message);
        let call = self.change.iter().fold(call, |call, change| call.query("changes", change));
        let call = call.query("pause", if self.pause { "1" } else { "0" });
        let made: CommitResponse = client.json(call.body(&serde_json::json!({}))).await?;
        output::line(made.id)?;
        Ok(0)
    }
}
