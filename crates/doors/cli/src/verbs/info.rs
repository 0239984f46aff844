//! `info`.

use knarr_api::system::Info;
use serde_json::{Value, json};

use crate::client::{Call, Client};
use crate::error::{Error, Result};
use crate::output;
use crate::template::Template;

/// Show facts about the daemon and its host
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS]")]
pub(crate) struct Args {
    /// Layout: json, or a template such as '{{.Driver}}'
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let template = match self.format.as_deref() {
            None | Some("") => None,
            Some("json") => Some(Template::parse("{{json .}}")?),
            Some(format) => Some(Template::parse(format)?),
        };
        let mut document: Value = client.json(Call::get(&["info"])).await?;
        match template {
            Some(template) => {
                document["ClientInfo"] = json!({
                    "Version": env!("CARGO_PKG_VERSION"),
                    "DefaultAPIVersion": knarr_api::API_VERSION,
                    "Os": "linux",
                    "Arch": knarr_model::Platform::host().architecture,
                });
                output::line(template.render(&document)?)?;
            }
            None => print(&serde_json::from_value(document).map_err(|e| unreadable(&e))?)?,
        }
        Ok(0)
    }
}

fn unreadable(error: &serde_json::Error) -> Error {
    Error::Answer { operation: "info".into(), cause: error.to_string() }
}

fn print(info: &Info) -> Result {
    let mut lines = vec![
        "Client:".to_owned(),
        format!(" Version:    {}", env!("CARGO_PKG_VERSION")),
        String::new(),
        "Server:".to_owned(),
    ];
    lines.extend(contents(info));
    lines.extend(extensions(info));
    lines.extend(security(&info.security_options));
    lines.extend(host(info));
    lines.extend(registries(info));
    lines.push(format!(" Live Restore Enabled: {}", info.live_restore_enabled));
    output::text(&format!("{}\n\n", lines.join("\n")))?;
    info.warnings.iter().for_each(output::complain);
    Ok(())
}

fn contents(info: &Info) -> Vec<String> {
    let mut lines = vec![
        format!(" Containers: {}", info.containers),
        format!("  Running: {}", info.containers_running),
        format!("  Paused: {}", info.containers_paused),
        format!("  Stopped: {}", info.containers_stopped),
        format!(" Images: {}", info.images),
        format!(" Server Version: {}", info.server_version),
        format!(" Storage Driver: {}", info.driver),
    ];
    lines.extend(info.driver_status.iter().map(|[name, value]| format!("  {name}: {value}")));
    lines
}

fn extensions(info: &Info) -> Vec<String> {
    let runtimes: Vec<&str> = info.runtimes.keys().map(String::as_str).collect();
    vec![
        format!(" Logging Driver: {}", info.logging_driver),
        format!(" Cgroup Driver: {}", info.cgroup_driver),
        format!(" Cgroup Version: {}", info.cgroup_version),
        " Plugins:".to_owned(),
        format!("  Volume: {}", info.plugins.volume.join(" ")),
        format!("  Network: {}", info.plugins.network.join(" ")),
        format!("  Log: {}", info.plugins.log.join(" ")),
        format!(" Swarm: {}", info.swarm.local_node_state),
        format!(" Runtimes: {}", runtimes.join(" ")),
        format!(" Default Runtime: {}", info.default_runtime),
        format!(" Init Binary: {}", info.init_binary),
    ]
}

/// `name=seccomp,profile=builtin` is a line for the name, and one for each other pair below it.
fn security(options: &[String]) -> Vec<String> {
    let mut lines = vec![" Security Options:".to_owned()];
    for option in options {
        for pair in option.split(',') {
            lines.push(match pair.split_once('=') {
                Some(("name", name)) => format!("  {name}"),
                Some((key, value)) => format!("   {}: {value}", capital(key)),
                None => format!("  {pair}"),
            });
        }
    }
    lines
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn host(info: &Info) -> Vec<String> {
    let mut lines = vec![
        format!(" Kernel Version: {}", info.kernel_version),
        format!(" Operating System: {}", info.operating_system),
        format!(" OSType: {}", info.os_type),
        format!(" Architecture: {}", info.architecture),
        format!(" CPUs: {}", info.ncpu),
        format!(" Total Memory: {}", output::binary_size(info.mem_total as f64)),
        format!(" Name: {}", info.name),
        format!(" ID: {}", info.id),
        format!(" Docker Root Dir: {}", info.docker_root_dir),
        format!(" Debug Mode: {}", info.debug),
    ];
    let proxies = [("HTTP", &info.http_proxy), ("HTTPS", &info.https_proxy), ("No", &info.no_proxy)];
    let set = proxies.iter().filter(|(_, proxy)| !proxy.is_empty());
    lines.extend(set.map(|(name, proxy)| format!(" {name} Proxy: {proxy}")));
    if !info.labels.is_empty() {
        lines.push(" Labels:".to_owned());
        lines.extend(info.labels.iter().map(|label| format!("  {label}")));
    }
    lines.push(format!(" Experimental: {}", info.experimental_build));
    lines
}

fn registries(info: &Info) -> Vec<String> {
    let Some(registries) = &info.registry_config else { return Vec::new() };
    let indexes = registries.index_configs.iter();
    let insecure = indexes.filter(|(_, index)| index["Secure"] == json!(false)).map(|(name, _)| name);
    let insecure: Vec<&String> = insecure.chain(&registries.insecure_registry_cidrs).collect();
    let list = |title: &str, items: &[&String]| match items {
        [] => Vec::new(),
        items => std::iter::once(format!(" {title}:")).chain(items.iter().map(|item| format!("  {item}"))).collect(),
    };
    let mirrors: Vec<&String> = registries.mirrors.iter().collect();
    [list("Insecure Registries", &insecure), list("Registry Mirrors", &mirrors)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_options_are_laid_out() {
        let options = ["name=seccomp,profile=builtin".to_owned(), "name=cgroupns".to_owned()];
        assert_eq!(security(&options), [" Security Options:", "  seccomp", "   Profile: builtin", "  cgroupns"]);
    }
}
