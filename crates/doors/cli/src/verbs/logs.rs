//! `logs`.

use http_body_util::BodyExt;
use jiff::Timestamp;
use knarr_api::container::Inspect;

use crate::client::{Call, Client};
use crate::error::{Error, Result};
use crate::session::Demux;
use crate::spec;

/// Print what a container has said
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] CONTAINER")]
#[command(after_help = "Examples:
  knarr logs -f --tail 10 web        the last ten lines and all new ones
  knarr logs -t --since 5m web       the last five minutes, with times")]
pub(crate) struct Args {
    /// Show extra attributes given to logs
    #[arg(long)]
    details: bool,
    /// Go on as more is said
    #[arg(short, long)]
    follow: bool,
    /// Only since then: a time, or a span such as 42m
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only the last lines
    #[arg(short = 'n', long, value_name = "N|all", default_value = "all")]
    tail: String,
    /// Show times
    #[arg(short, long)]
    timestamps: bool,
    /// Only until then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Name or id
    container: String,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let found: Inspect = client.json(Call::get(&["containers", &self.container, "json"])).await?;
        let response = client.send(self.call(&found.id)?).await?;
        let mut body = response.into_body();
        let mut demux = Demux::default();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|e| Error::Answer { operation: "read logs".into(), cause: e.to_string() })?;
            let Some(data) = frame.data_ref() else { continue };
            match found.config.tty {
                true => crate::session::print_raw(data)?,
                false => demux.feed(data)?,
            }
        }
        Ok(0)
    }

    fn call(&self, id: &str) -> Result<Call> {
        let moment = |text: &Option<String>| {
            text.as_deref().map(|text| spec::moment(text, Timestamp::now()).map_err(Error::Invalid)).transpose()
        };
        let call = Call::get(&["containers", id, "logs"]).flag("stdout", true).flag("stderr", true);
        let call = call.flag("details", self.details).flag("follow", self.follow).flag("timestamps", self.timestamps);
        Ok(call.query("tail", &self.tail).maybe("since", moment(&self.since)?).maybe("until", moment(&self.until)?))
    }
}
