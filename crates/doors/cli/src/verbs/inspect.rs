//! `inspect`, for every kind of object.

use bytes::Bytes;

use crate::client::{Call, Client};
use crate::error::{Error, Result};
use crate::output;
use crate::template::Template;

/// Show everything about objects, as JSON
#[derive(Debug, clap::Args)]
#[command(override_usage = "knarr inspect [OPTIONS] NAME|ID [NAME|ID...]")]
#[command(after_help = "Examples:
  knarr inspect -f '{{.State.Status}}' web
  knarr inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' web
  knarr inspect -f '{{json .Config.Labels}}' debian")]
pub(crate) struct Args {
    /// Layout: json, or a template
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Show sizes of containers
    #[arg(short, long)]
    size: bool,
    /// Only this kind of object
    #[arg(long = "type", value_name = "KIND", value_parser = ["container", "image", "network", "volume"])]
    kind: Option<String>,
    /// Names or ids
    #[arg(value_name = "NAME|ID", required = true)]
    names: Vec<String>,
}

/// Show everything about objects of one kind, as JSON
#[derive(Debug, clap::Args)]
#[command(override_usage = "knarr KIND inspect [OPTIONS] NAME|ID [NAME|ID...]")]
pub(crate) struct OneKindArgs {
    /// Layout: json, or a template
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Show sizes (containers)
    #[arg(short, long)]
    size: bool,
    /// Names or ids
    #[arg(value_name = "NAME|ID", required = true)]
    names: Vec<String>,
}

/// Members that Docker leaves out of its documents where they are empty.
const OPTIONAL: &[&str] = &[
    "Annotations",
    "Descriptor",
    "ExposedPorts",
    "GraphDriver",
    "Health",
    "Healthcheck",
    "Init",
    "Layers",
    "MacAddress",
    "Mounts",
    "Name",
    "NetworkDisabled",
    "OsVersion",
    "Shell",
    "SizeRootFs",
    "SizeRw",
    "StopSignal",
    "StopTimeout",
    "StorageOpt",
    "Sysctls",
    "Tmpfs",
    "UsageData",
    "Variant",
    "Created",
    "Config",
    "Status",
];

const KINDS: &[&str] = &["container", "image", "network", "volume"];

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let kinds = self.kind.as_ref().map_or(KINDS.to_vec(), |kind| vec![kind.as_str()]);
        inspect(client, &kinds, &self.names, self.format.as_deref(), self.size).await
    }
}

impl OneKindArgs {
    pub(crate) async fn run(self, client: &Client, kind: &str) -> Result<u8> {
        inspect(client, &[kind], &self.names, self.format.as_deref(), self.size).await
    }
}

async fn inspect(client: &Client, kinds: &[&str], names: &[String], format: Option<&str>, size: bool) -> Result<u8> {
    let template = match format {
        None | Some("") => None,
        Some("json") => Some(Template::parse("{{json .}}")?),
        Some(text) => Some(Template::parse(text)?.with_optional(OPTIONAL)),
    };
    let (mut documents, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        match find(client, kinds, name, size).await {
            Ok(document) => documents.push(document),
            Err(error @ (Error::NoDaemon { .. } | Error::SocketDenied { .. })) => return Err(error),
            Err(error) => failures.push(error),
        }
    }
    match template {
        Some(template) => {
            for document in &documents {
                let value = serde_json::from_slice(document).map_err(|e| unreadable(&e))?;
                let text = template.render(&value).map_err(|e| Error::invalid(e.to_string()))?;
                output::line(text)?;
            }
        }
        None => output::line(list(&documents))?,
    }
    failures.iter().for_each(Error::report);
    if failures.is_empty() { Ok(0) } else { Err(Error::Silent(1)) }
}

fn unreadable(error: &serde_json::Error) -> Error {
    Error::Answer { operation: "inspect".into(), cause: error.to_string() }
}

/// The first object of that name, of the kinds in their order.
async fn find(client: &Client, kinds: &[&str], name: &str, size: bool) -> Result<Bytes> {
    for kind in kinds {
        let call = match *kind {
            "container" => Call::get(&["containers", name, "json"]).flag("size", size),
            "image" => Call::get(&["images", name, "json"]),
            "network" => Call::get(&["networks", name]),
            _ => Call::get(&["volumes", name]),
        };
        match client.bytes(call).await {
            Err(error) if error.is_not_found() && kinds.len() > 1 => {}
            found => return found,
        }
    }
    Err(Error::invalid(format!("Error: No such object: {name}")))
}

fn list(documents: &[Bytes]) -> String {
    if documents.is_empty() {
        return "[]".into();
    }
    let items: Vec<String> =
        documents.iter().map(|document| format!("    {}", output::indent(document, "    "))).collect();
    format!("[\n{}\n]", items.join(",\n"))
}
