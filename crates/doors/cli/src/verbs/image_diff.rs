//! `image diff`.

use knarr_api::compare::{Diff, File, Package, Setting};
use serde_json::Value;

use crate::client::{Call, Client};
use crate::error::Result;
use crate::output::{self, short_size};

/// Show how an image differs from another one
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] IMAGE IMAGE")]
#[command(
    after_help = "A: added, C: changed, D: deleted. Times alone are no difference. Packages are those that dpkg and apk list.

Examples:
  knarr image diff web:1 web:2"
)]
pub(crate) struct Args {
    /// Layout: text or json
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"], hide_possible_values = true)]
    format: String,
    /// The first image
    #[arg(value_name = "IMAGE")]
    from: String,
    /// The second image
    #[arg(value_name = "IMAGE")]
    to: String,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let call = Call::get(&["knarr", "images", "diff"]).query("from", &self.from).query("to", &self.to);
        let diff: Diff = client.json(call).await?;
        match self.format.as_str() {
            "json" => output::document(&diff)?,
            _ => output::text(&draw(&diff))?,
        }
        Ok(0)
    }
}

fn draw(diff: &Diff) -> String {
    let size = |bytes: i64| short_size(bytes as f64);
    let (from, to) = (&diff.from, &diff.to);
    let change = if to.size < from.size {
        format!("-{}", size(from.size - to.size))
    } else {
        format!("+{}", size(to.size - from.size))
    };
    let (own, new) = (from.layers - diff.shared_layers, to.layers - diff.shared_layers);
    let mut lines = vec![
        format!(
            "Size: {} to {} ({change}), {} in shared layers",
            size(from.size),
            size(to.size),
            size(diff.shared_size)
        ),
        format!("Layers: {} shared, {own} gone, {new} new", diff.shared_layers),
    ];
    section(&mut lines, "Configuration", diff.config.iter().map(setting).collect());
    section(&mut lines, "Packages", diff.packages.iter().map(package).collect());
    section(&mut lines, "Files", diff.files.iter().map(file).collect());
    lines.join("\n") + "\n"
}

fn section(lines: &mut Vec<String>, title: &str, members: Vec<String>) {
    if !members.is_empty() {
        lines.push(format!("{title}:"));
        lines.extend(members);
    }
}

fn setting(setting: &Setting) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match (&setting.before, &setting.after) {
        (Value::Null, after) => format!("  A {}: {}", setting.name, text(after)),
        (before, Value::Null) => format!("  D {}: {}", setting.name, text(before)),
        (before, after) => format!("  C {}: {} to {}", setting.name, text(before), text(after)),
    }
}

fn package(package: &Package) -> String {
    match (package.before.as_str(), package.after.as_str()) {
        ("", after) => format!("  A {} {after}", package.name),
        (before, "") => format!("  D {} {before}", package.name),
        (before, after) => format!("  C {} {before} to {after}", package.name),
    }
}

fn file(file: &File) -> String {
    let (before, after) = (short_size(file.before as f64), short_size(file.after as f64));
    match file.kind.as_str() {
        "added" => format!("  A {} {after}", file.path),
        "removed" => format!("  D {} {before}", file.path),
        _ if file.before == file.after => format!("  C {} {after} ({})", file.path, file.aspects.join(", ")),
        _ => format!("  C {} {before} to {after} ({})", file.path, file.aspects.join(", ")),
    }
}
