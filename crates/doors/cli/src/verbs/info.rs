//! `info`.

use knarr_api::system::Info;
use serde_json::Value;

use crate::client::{Call, Client};
use crate::error::Result;
use crate::output;
use crate::template::Template;

/// Show facts about the daemon and its host
#[derive(Debug, clap::Args)]
#[command(override_usage = "knarr info [OPTIONS]")]
pub(crate) struct Args {
    /// Layout: json, or a template such as '{{.Driver}}'
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let bytes = client.bytes(Call::get(&["info"])).await?;
        let unreadable =
            |e: serde_json::Error| crate::error::Error::Answer { operation: "info".into(), cause: e.to_string() };
        if let Some(format) = self.format.as_deref() {
            let value: Value = serde_json::from_slice(&bytes).map_err(unreadable)?;
            let format = if format == "json" { "{{json .}}" } else { format };
            output::line(Template::parse(format)?.render(&value)?)?;
            return Ok(0);
        }
        let info: Info = serde_json::from_slice(&bytes).map_err(unreadable)?;
        output::line(format!("Client:\n Version:    {}\n\nServer:", env!("CARGO_PKG_VERSION")))?;
        for (name, value) in rows(&info) {
            output::line(format!("{name}: {value}"))?;
        }
        info.warnings.iter().for_each(|warning| eprintln!("{warning}"));
        Ok(0)
    }
}

fn rows(info: &Info) -> Vec<(&'static str, String)> {
    let list = |items: &[String]| items.join(" ");
    let runtimes: Vec<String> = info.runtimes.keys().cloned().collect();
    let mut rows = vec![
        (" Containers", info.containers.to_string()),
        ("  Running", info.containers_running.to_string()),
        ("  Paused", info.containers_paused.to_string()),
        ("  Stopped", info.containers_stopped.to_string()),
        (" Images", info.images.to_string()),
        (" Server Version", info.server_version.clone()),
        (" Storage Driver", info.driver.clone()),
        (" Logging Driver", info.logging_driver.clone()),
        (" Cgroup Driver", info.cgroup_driver.clone()),
        (" Cgroup Version", info.cgroup_version.clone()),
        (" Volume Drivers", list(&info.plugins.volume)),
        (" Network Drivers", list(&info.plugins.network)),
        (" Runtimes", list(&runtimes)),
        (" Default Runtime", info.default_runtime.clone()),
        (" Security Options", list(&info.security_options)),
    ];
    rows.extend([
        (" Kernel Version", info.kernel_version.clone()),
        (" Operating System", info.operating_system.clone()),
        (" OSType", info.os_type.clone()),
        (" Architecture", info.architecture.clone()),
        (" CPUs", info.ncpu.to_string()),
        (" Total Memory", output::binary_size(info.mem_total as f64)),
        (" Name", info.name.clone()),
        (" ID", info.id.clone()),
        (" Root Dir", info.docker_root_dir.clone()),
        (" Live Restore Enabled", info.live_restore_enabled.to_string()),
    ]);
    if let Some(registries) = &info.registry_config {
        rows.push((" Insecure Registries", list(&registries.insecure_registry_cidrs)));
    }
    rows
}
