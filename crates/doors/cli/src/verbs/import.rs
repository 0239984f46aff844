//! `import`.

use super::reference::{self, split_reference};
use crate::client::{Call, Client, body_of_file};
use crate::error::Result;
use crate::progress::{Target, show};

/// Make an image from a tar archive of files
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] FILE|URL|- [REPOSITORY[:TAG]]")]
#[command(after_help = "Example:
  mmdebstrap --variant=minbase bookworm | knarr import -c 'CMD [\"bash\"]' - debian")]
pub(crate) struct Args {
    /// Apply an instruction of a Dockerfile, for example 'CMD [\"sh\"]'
    #[arg(short, long, value_name = "INSTRUCTION")]
    change: Vec<String>,
    /// A remark
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// Its platform
    #[arg(long, value_name = "OS/ARCH")]
    platform: Option<String>,
    /// The archive; - for stdin
    #[arg(value_name = "FILE|URL|-")]
    source: String,
    /// The image's name
    #[arg(value_name = "REPOSITORY[:TAG]")]
    name: Option<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let remote = self.source.starts_with("http://") || self.source.starts_with("https://");
        self.name.as_deref().map(reference::parse).transpose()?;
        let (name, tag) = self.name.as_deref().map(split_reference).unwrap_or_default();
        let call = Call::post(&["images", "create"]).query("fromSrc", if remote { &self.source } else { "-" });
        let call = call.query("repo", name).maybe("tag", tag).maybe("message", self.message.as_ref());
        let call = self.change.iter().fold(call, |call, change| call.query("changes", change));
        let call = call.maybe("platform", self.platform.as_ref());
        let call = if remote { call } else { call.tar(body_of_file(&self.source).await?) };
        show(client.stream(call).await?, Target::Stdout).await?;
        Ok(0)
    }
}
