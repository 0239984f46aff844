//! `top`.

use knarr_api::container::TopResponse;

use crate::client::{Call, Client};
use crate::error::Result;
use crate::output;

/// List the processes of a container
#[derive(Debug, clap::Args)]
#[command(override_usage = "CONTAINER [ps OPTIONS]")]
pub(crate) struct Args {
    /// The container, then options as for ps
    #[arg(value_name = "CONTAINER [ps OPTIONS]", required = true, trailing_var_arg = true)]
    words: Vec<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let (container, options) = (&self.words[0], self.words[1..].join(" "));
        let call = Call::get(&["containers", container, "top"]);
        let call = if options.is_empty() { call } else { call.query("ps_args", &options) };
        let answer: TopResponse = client.json(call).await?;
        let rows = std::iter::once(&answer.titles).chain(&answer.processes);
        let lines: Vec<String> = rows.map(|row| row.join("\t")).collect();
        output::text(&output::columns(&lines, 20, 3))?;
        Ok(0)
    }
}
