//! `inspect`, for every kind of object.

mod members;

use bytes::Bytes;

use crate::client::{Call, Client};
use crate::error::{Error, Result};
use crate::output;
use crate::template::Template;

/// Show everything about objects, as JSON
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] NAME|ID [NAME|ID...]")]
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
    /// Only this kind of object: container, image, network or volume
    #[arg(long = "type", value_name = "KIND")]
    kind: Option<String>,
    /// Names or ids
    #[arg(value_name = "NAME|ID", required = true)]
    names: Vec<String>,
}

/// Show everything about containers, as JSON
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] CONTAINER [CONTAINER...]")]
pub(crate) struct Containers {
    /// Layout: json, or a template
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Show sizes
    #[arg(short, long)]
    size: bool,
    /// Names or ids
    #[arg(value_name = "CONTAINER", required = true)]
    names: Vec<String>,
}

/// Show everything about images, as JSON
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] IMAGE [IMAGE...]")]
pub(crate) struct Images {
    /// Layout: json, or a template
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Names or ids
    #[arg(value_name = "IMAGE", required = true)]
    names: Vec<String>,
}

/// Show everything about networks, as JSON
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] NETWORK [NETWORK...]")]
pub(crate) struct Networks {
    /// Layout: json, or a template
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Show diagnostics too, where the driver has some
    #[arg(short, long)]
    verbose: bool,
    /// Names or ids
    #[arg(value_name = "NETWORK", required = true)]
    names: Vec<String>,
}

/// Show everything about volumes, as JSON
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] VOLUME [VOLUME...]")]
pub(crate) struct Volumes {
    /// Layout: json, or a template
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Names
    #[arg(value_name = "VOLUME", required = true)]
    names: Vec<String>,
}

const KINDS: &[&str] = &["container", "image", "network", "volume"];

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let kinds = match self.kind.as_deref() {
            None => KINDS,
            Some(kind) => of_kind(kind)?,
        };
        inspect(client, kinds, &self.names, self.format.as_deref(), self.size.then_some("size")).await
    }
}

impl Containers {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        inspect(client, &["container"], &self.names, self.format.as_deref(), self.size.then_some("size")).await
    }
}

impl Images {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        inspect(client, &["image"], &self.names, self.format.as_deref(), None).await
    }
}

impl Networks {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        inspect(client, &["network"], &self.names, self.format.as_deref(), self.verbose.then_some("verbose")).await
    }
}

impl Volumes {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        inspect(client, &["volume"], &self.names, self.format.as_deref(), None).await
    }
}

/// The one kind that is asked for.
fn of_kind(kind: &str) -> Result<&'static [&'static str]> {
    let known = KINDS.iter().position(|known| *known == kind).map(|at| &KINDS[at..=at]);
    known.ok_or_else(|| {
        let problem = if kind.is_empty() { "type is empty".into() } else { format!("unknown type: {kind:?}") };
        Error::invalid(format!("{problem}: must be one of \"container\", \"image\", \"network\" or \"volume\""))
    })
}

async fn inspect(
    client: &Client,
    kinds: &[&str],
    names: &[String],
    format: Option<&str>,
    more: Option<&str>,
) -> Result<u8> {
    let template = match format {
        None | Some("" | "json") => None,
        Some(text) => Some(Template::parse(text)?.with_optional(members::MEMBERS)),
    };
    let (mut documents, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        match find(client, kinds, name, more).await {
            Ok(document) => documents.push(document),
            Err(error @ (Error::NoDaemon { .. } | Error::SocketDenied { .. })) => return Err(error),
            Err(error) => failures.push(error),
        }
    }
    match template {
        Some(template) => {
            for document in &documents {
                let value = serde_json::from_slice(document).map_err(|e| unreadable(&e))?;
                output::line(template.render(&value)?)?;
            }
        }
        None if format == Some("json") => output::line(one_line(&documents))?,
        None => output::line(list(&documents))?,
    }
    failures.iter().for_each(Error::report);
    if failures.is_empty() { Ok(0) } else { Err(Error::Silent(1)) }
}

fn unreadable(error: &serde_json::Error) -> Error {
    Error::Answer { operation: "inspect".into(), cause: error.to_string() }
}

/// The first object of that name, of the kinds in their order.
async fn find(client: &Client, kinds: &[&str], name: &str, more: Option<&str>) -> Result<Bytes> {
    for kind in kinds {
        let call = match *kind {
            "container" => Call::get(&["containers", name, "json"]),
            "image" => Call::get(&["images", name, "json"]),
            "network" => Call::get(&["networks", name]),
            _ => Call::get(&["volumes", name]),
        };
        let call = more.into_iter().fold(call, |call, more| call.flag(more, true));
        match client.bytes(call).await {
            Err(error) if error.is_not_found() && kinds.len() > 1 => {}
            found => return found,
        }
    }
    Err(Error::invalid(format!("Error: No such object: {name}")))
}

/// As the daemon sent them.
fn one_line(documents: &[Bytes]) -> String {
    let items: Vec<_> = documents.iter().map(|document| String::from_utf8_lossy(document)).collect();
    format!("[{}]", items.iter().map(|item| item.trim()).collect::<Vec<_>>().join(","))
}

fn list(documents: &[Bytes]) -> String {
    if documents.is_empty() {
        return "[]".into();
    }
    let items: Vec<String> =
        documents.iter().map(|document| format!("    {}", output::indent(document, "    "))).collect();
    format!("[\n{}\n]", items.join(",\n"))
}
