//! `version`.

use serde_json::{Value, json};

use crate::client::{Call, Client};
use crate::error::Result;
use crate::output;
use crate::template::Template;

/// Show the versions of the client and the daemon
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS]")]
pub(crate) struct Args {
    /// Layout: json, or a template such as '{{.Server.Version}}'
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let server: Result<Value> = client.json(Call::get(&["version"])).await;
        let ours = json!({
            "Version": env!("CARGO_PKG_VERSION"),
            "ApiVersion": knarr_api::API_VERSION,
            "Os": "linux",
            "Arch": knarr_model::Platform::host().architecture,
        });
        let (server, failure) = match server {
            Ok(server) => (server, None),
            Err(error) => (Value::Null, Some(error)),
        };
        match self.format.as_deref() {
            Some(format) => {
                let format = if format == "json" { "{{json .}}" } else { format };
                let template = Template::parse(format)?.with_optional(&[("Experimental", "false")]);
                output::line(template.render(&json!({ "Client": ours, "Server": server }))?)?;
            }
            None => print(&ours, &server)?,
        }
        failure.map_or(Ok(0), Err)
    }
}

fn print(ours: &Value, server: &Value) -> Result {
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    output::line("Client: knarr")?;
    let platform = |value: &Value| format!("{}/{}", text(value, "Os"), text(value, "Arch"));
    fields(&[
        ("Version", text(ours, "Version")),
        ("API version", text(ours, "ApiVersion")),
        ("OS/Arch", platform(ours)),
    ])?;
    if server.is_null() {
        return Ok(());
    }
    output::line(format!("\nServer: {}\n Engine:", server["Platform"]["Name"].as_str().unwrap_or("knarr")))?;
    let api = format!("{} (minimum version {})", text(server, "ApiVersion"), text(server, "MinAPIVersion"));
    fields(&[
        (" Version", text(server, "Version")),
        (" API version", api),
        (" Git commit", text(server, "GitCommit")),
        (" OS/Arch", platform(server)),
        (" Kernel", text(server, "KernelVersion")),
    ])
}

fn fields(rows: &[(&str, String)]) -> Result {
    rows.iter()
        .filter(|(_, value)| !value.is_empty())
        .try_for_each(|(name, value)| output::line(format!(" {:<18}{value}", format!("{name}:"))))
}
