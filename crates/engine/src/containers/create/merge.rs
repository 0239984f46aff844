//! The request's config joined with the image's defaults, as Docker does.

use std::collections::BTreeMap;

use knarr_api::Words;
use knarr_api::container::{Config, HostConfig};
use knarr_api::network::{EndpointSettings, NetworkingConfig};
use knarr_model::oci::{Healthcheck, RunConfig};
use knarr_model::{ContainerId, Fault, Result};

use crate::containers::spec::{default_masked, default_read_only};

/// `PATH` of a container whose image and user say nothing.
pub(crate) const DEFAULT_PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Bytes of `/dev/shm`.
const SHM_SIZE: i64 = 64 << 20;

/// Fills what the request leaves open from the image. What the image says is data only: it never reaches the host config.
pub(crate) fn with_image(mut config: Config, image: &RunConfig) -> Result<Config> {
    if config.user.is_empty() {
        config.user.clone_from(&image.user);
    }
    if config.working_dir.is_empty() {
        config.working_dir.clone_from(&image.working_dir);
    }
    if config.stop_signal.is_empty() {
        config.stop_signal = image.stop_signal.clone().unwrap_or_default();
    }
    merge_missing(&mut config.labels, &image.labels);
    merge_missing(&mut config.exposed_ports, &image.exposed_ports);
    merge_missing(&mut config.volumes, &image.volumes);
    config.env = merge_env(&image.env, &config.env);
    merge_command(&mut config, image);
    config.healthcheck = merge_healthcheck(config.healthcheck.take(), image.healthcheck.as_ref());
    if config.shell.is_none() {
        config.shell = image.shell.clone().map(Words);
    }
    let empty = |words: &Option<Words>| words.as_ref().is_none_or(|words| words.is_empty());
    if empty(&config.entrypoint) && empty(&config.cmd) {
        return Err(Fault::invalid("no command specified"));
    }
    Ok(config)
}

fn merge_missing<V: Clone>(into: &mut BTreeMap<String, V>, from: &BTreeMap<String, V>) {
    for (key, value) in from {
        into.entry(key.clone()).or_insert_with(|| value.clone());
    }
}

/// The image's variables, overridden by the request's; a request's `NAME` without a value removes it.
pub(crate) fn merge_env(image: &[String], request: &[String]) -> Vec<String> {
    let name = |pair: &str| pair.split('=').next().unwrap_or_default().to_owned();
    let taken: Vec<String> = request.iter().map(|pair| name(pair)).collect();
    let kept = image.iter().filter(|pair| !taken.contains(&name(pair))).cloned();
    kept.chain(request.iter().filter(|pair| pair.contains('=')).cloned()).collect()
}

/// An entrypoint of the request drops the image's command; `[""]` is no entrypoint at all.
fn merge_command(config: &mut Config, image: &RunConfig) {
    if config.entrypoint.is_none() {
        if config.cmd.as_ref().is_none_or(|words| words.is_empty()) {
            config.cmd = image.cmd.clone().map(Words);
        }
        config.entrypoint = image.entrypoint.clone().map(Words);
    }
    if config.entrypoint.as_ref().is_some_and(|words| words.0 == [""]) {
        config.entrypoint = None;
    }
}

fn merge_healthcheck(request: Option<Healthcheck>, image: Option<&Healthcheck>) -> Option<Healthcheck> {
    let Some(mut check) = request else { return image.cloned() };
    let Some(image) = image else { return Some(check) };
    if check.test.is_empty() {
        check.test.clone_from(&image.test);
    }
    let pairs = [
        (&mut check.interval, image.interval),
        (&mut check.timeout, image.timeout),
        (&mut check.start_period, image.start_period),
        (&mut check.start_interval, image.start_interval),
        (&mut check.retries, image.retries),
    ];
    for (own, default) in pairs {
        if *own == 0 {
            *own = default;
        }
    }
    Some(check)
}

/// Host name of a container without one; with the host's UTS namespace or network, the host's is seen anyway.
pub(crate) fn with_hostname(mut config: Config, host: &HostConfig, id: &ContainerId) -> Config {
    if config.hostname.is_empty() {
        let shared = host.network_mode == "host" || host.uts_mode == "host";
        config.hostname = if shared { crate::system::host_name() } else { id.short().to_owned() };
    }
    config
}

/// Defaults of the host part, as inspect shows them.
pub(crate) fn with_defaults(mut host: HostConfig) -> HostConfig {
    if matches!(host.network_mode.as_str(), "" | "default") {
        host.network_mode = "bridge".into();
    }
    if host.shm_size == 0 {
        host.shm_size = SHM_SIZE;
    }
    for (field, default) in [
        (&mut host.ipc_mode, "private"),
        (&mut host.cgroupns_mode, "private"),
        (&mut host.runtime, "knarr"),
        (&mut host.log_config.kind, "json-file"),
        (&mut host.restart_policy.name, "no"),
    ] {
        if field.is_empty() {
            *field = default.into();
        }
    }
    if !host.privileged {
        host.masked_paths.get_or_insert_with(default_masked);
        host.readonly_paths.get_or_insert_with(default_read_only);
    }
    if host.memory > 0 && host.memory_swap == 0 {
        host.memory_swap = host.memory.saturating_mul(2);
    }
    if host.pids_limit.is_some_and(|limit| limit < 0) {
        host.pids_limit = Some(-1);
    }
    host
}

/// Wishes for endpoints by network; `default` is what its network mode calls `bridge`.
pub(crate) fn wishes(networking: NetworkingConfig) -> BTreeMap<String, EndpointSettings> {
    let mut wishes = networking.endpoints_config;
    if let Some(default) = wishes.remove("default") {
        wishes.entry("bridge".to_owned()).or_insert(default);
    }
    wishes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(list: &[&str]) -> Option<Words> {
        Some(Words(list.iter().map(|word| (*word).to_owned()).collect()))
    }

    fn image() -> RunConfig {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        RunConfig {
            entrypoint: Some(list(&["/entry"])),
            cmd: Some(list(&["serve"])),
            env: list(&["PATH=/bin", "A=1"]),
            ..RunConfig::default()
        }
    }

    #[test]
    fn commands_are_merged_as_docker_does() {
        let merged = |entrypoint, cmd| {
            let config = with_image(Config { entrypoint, cmd, ..Config::default() }, &image()).unwrap();
            (config.entrypoint, config.cmd)
        };
        assert_eq!(merged(None, None), (words(&["/entry"]), words(&["serve"])));
        assert_eq!(merged(None, words(&["x"])), (words(&["/entry"]), words(&["x"])));
        assert_eq!(merged(words(&["/e"]), None), (words(&["/e"]), None));
        assert_eq!(merged(words(&[""]), words(&["x"])), (None, words(&["x"])));
    }

    #[test]
    fn no_command_at_all_is_refused() {
        let error = with_image(Config::default(), &RunConfig::default()).unwrap_err();
        assert_eq!(error.message(), "no command specified");
    }

    #[test]
    fn variables_are_overridden_and_removed() {
        let config = Config { env: vec!["A=2".into(), "PATH".into(), "B=3".into()], ..Config::default() };
        assert_eq!(with_image(config, &image()).unwrap().env, ["A=2", "B=3"]);
    }

    #[test]
    fn swap_is_twice_the_memory() {
        let host = with_defaults(HostConfig { memory: 10, ..HostConfig::default() });
        assert_eq!((host.memory_swap, host.network_mode.as_str(), host.shm_size), (20, "bridge", 64 << 20));
    }
}
