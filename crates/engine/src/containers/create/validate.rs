//! What a request must not say, in Docker's words where Docker has some.

use knarr_api::container::{Config, HostConfig};
use knarr_cgroups::CgroupPath;
use knarr_model::oci::Healthcheck;
use knarr_model::{Fault, Result};

use crate::containers::spec::{check_capabilities, check_security};
use crate::containers::{ports, signal};

/// The least memory limit, bytes (the runtime itself needs some before the user's program is there).
const MIN_MEMORY: i64 = 6 << 20;

/// Checks the portable part.
pub(crate) fn config(config: &Config) -> Result<()> {
    if let Some(bad) = config.env.iter().find(|pair| pair.is_empty() || pair.starts_with('=') || pair.contains('\0')) {
        return Err(Fault::invalid(format!("invalid environment variable: {bad}")));
    }
    if !config.working_dir.is_empty() && !config.working_dir.starts_with('/') {
        let text =
            format!("the working directory '{}' is invalid, it needs to be an absolute path", config.working_dir);
        return Err(Fault::invalid(text));
    }
    if !config.hostname.is_empty() && !valid_hostname(&config.hostname) {
        return Err(Fault::invalid(format!("invalid hostname format: {}", config.hostname)));
    }
    if !config.stop_signal.is_empty() {
        signal::parse(&config.stop_signal)?;
    }
    for port in config.exposed_ports.keys() {
        ports::parse(port)?;
    }
    config.healthcheck.as_ref().map_or(Ok(()), healthcheck)
}

/// Durations are nanoseconds; 0 takes the default.
fn healthcheck(check: &Healthcheck) -> Result<()> {
    let durations = [
        ("Interval", check.interval),
        ("Timeout", check.timeout),
        ("StartPeriod", check.start_period),
        ("StartInterval", check.start_interval),
    ];
    if let Some((name, _)) = durations.iter().find(|(_, duration)| *duration != 0 && *duration < 1_000_000) {
        return Err(Fault::invalid(format!("{name} in Healthcheck cannot be less than 1ms")));
    }
    if check.retries < 0 {
        return Err(Fault::invalid("Retries in Healthcheck cannot be negative"));
    }
    Ok(())
}

/// RFC 1123 labels, at most 64 bytes of the kernel's host name (row 24: no path, no control character).
fn valid_hostname(name: &str) -> bool {
    let label = |label: &str| {
        let inner = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        !label.is_empty() && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    name.len() <= 64 && name.split('.').all(label)
}

/// Checks the host part.
pub(crate) fn host(host: &HostConfig) -> Result<()> {
    memory(host)?;
    cpu(host)?;
    restart(host)?;
    modes(host)?;
    check_capabilities(&host.cap_add, &host.cap_drop)?;
    check_security(&host.security_opt)?;
    cgroup_parent(&host.cgroup_parent)?;
    for (port, bindings) in &host.port_bindings {
        ports::parse(port)?;
        for binding in bindings.iter().flatten() {
            host_port(&binding.host_port)?;
        }
    }
    if let Some(bad) = host.extra_hosts.iter().find(|entry| !entry.contains([':', '='])) {
        return Err(Fault::invalid(format!("bad format for add-host: {bad:?}")));
    }
    if let Some(link) = host.links.first() {
        let text = format!("links are not supported ({link}): connect both containers to a network of their own");
        return Err(Fault::invalid(text));
    }
    if let Some(request) = host.device_requests.first() {
        let sets: Vec<String> = request.capabilities.iter().map(|set| format!("[{}]", set.join(" "))).collect();
        let text = format!(
            "could not select device driver {:?} with capabilities: [{}]: hand devices over by their paths",
            request.driver,
            sets.join(" ")
        );
        return Err(Fault::invalid(text));
    }
    for (name, value) in &host.sysctls {
        sysctl(name, value, host)?;
    }
    if !(-1000..=1000).contains(&host.oom_score_adj) {
        let text = format!("Invalid value {}, range for oom score adj is [-1000, 1000]", host.oom_score_adj);
        return Err(Fault::invalid(text));
    }
    if host.shm_size < 0 {
        return Err(Fault::invalid("SHM size can not be less than 0"));
    }
    Ok(())
}

/// A place below every hierarchy's root, for a cgroup of the container's own.
fn cgroup_parent(parent: &str) -> Result<()> {
    match parent.trim_matches('/') {
        "" => Ok(()),
        inside => Ok(CgroupPath::parse(inside).map(drop)?),
    }
}

/// A port, a range `first-last`, or nothing for any.
fn host_port(text: &str) -> Result<()> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let valid = text.is_empty() || first.parse::<u16>().is_ok_and(|first| last.parse().is_ok_and(|last| first <= last));
    valid.then_some(()).ok_or_else(|| Fault::invalid(format!("invalid port specification: {text:?}")))
}

fn memory(host: &HostConfig) -> Result<()> {
    let refuse = |text: &str| Err(Fault::invalid(text));
    if host.memory != 0 && host.memory < MIN_MEMORY {
        return refuse("Minimum memory limit allowed is 6MB");
    }
    if host.memory_swap > 0 && host.memory == 0 {
        return refuse("You should always set the Memory limit when using Memoryswap limit, see usage");
    }
    if host.memory > 0 && host.memory_swap > 0 && host.memory_swap < host.memory {
        return refuse("Minimum memoryswap limit should be larger than memory limit, see usage");
    }
    if host.memory > 0 && host.memory_reservation > host.memory {
        return refuse("Minimum memory limit can not be less than memory reservation limit, see usage");
    }
    if host.memory_swappiness.is_some_and(|value| !(-1..=100).contains(&value)) {
        let value = host.memory_swappiness.unwrap_or_default();
        return refuse(&format!("Invalid value: {value}, valid memory swappiness range is 0-100"));
    }
    Ok(())
}

fn cpu(host: &HostConfig) -> Result<()> {
    let refuse = |text: String| Err(Fault::invalid(text));
    if host.nano_cpus < 0 {
        return refuse("Range of CPUs is from 0.01 upwards: a negative number was given".into());
    }
    let available = crate::system::processors();
    if host.nano_cpus > i64::try_from(available).unwrap_or(i64::MAX).saturating_mul(1_000_000_000) {
        return refuse(format!(
            "Range of CPUs is from 0.01 to {available}.00, as there are only {available} CPUs available"
        ));
    }
    if host.nano_cpus > 0 && (host.cpu_period > 0 || host.cpu_quota > 0) {
        return refuse("Conflicting options: Nano CPUs and CPU Period cannot both be set".into());
    }
    if host.cpu_period != 0 && !(1000..=1_000_000).contains(&host.cpu_period) {
        return refuse("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)".into());
    }
    if host.cpu_quota > 0 && host.cpu_quota < 1000 {
        return refuse("CPU cfs quota can not be less than 1ms (i.e. 1000)".into());
    }
    if host.blkio_weight != 0 && !(10..=1000).contains(&host.blkio_weight) {
        return refuse("Range of blkio weight is from 10 to 1000".into());
    }
    Ok(())
}

fn restart(host: &HostConfig) -> Result<()> {
    let policy = &host.restart_policy;
    let known = matches!(policy.name.as_str(), "" | "no" | "always" | "unless-stopped" | "on-failure");
    if !known {
        let text = format!(
            "invalid restart policy: unknown policy '{}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
            policy.name
        );
        return Err(Fault::invalid(text));
    }
    if policy.maximum_retry_count != 0 && policy.name != "on-failure" {
        return Err(Fault::invalid("invalid restart policy: maximum retry count can only be used with 'on-failure'"));
    }
    if policy.maximum_retry_count < 0 {
        return Err(Fault::invalid("invalid restart policy: maximum retry count cannot be negative"));
    }
    if host.auto_remove && !matches!(policy.name.as_str(), "" | "no") {
        return Err(Fault::invalid("can't create 'AutoRemove' container with restart policy"));
    }
    Ok(())
}

fn modes(host: &HostConfig) -> Result<()> {
    let named = |mode: &str, known: &[&str]| {
        known.contains(&mode) || mode.strip_prefix("container:").is_some_and(|id| !id.is_empty())
    };
    let checks = [
        ("IPC", &host.ipc_mode, named(&host.ipc_mode, &["", "none", "private", "shareable", "host"])),
        ("PID", &host.pid_mode, named(&host.pid_mode, &["", "private", "host"])),
        ("UTS", &host.uts_mode, ["", "host"].contains(&host.uts_mode.as_str())),
        ("cgroup namespace", &host.cgroupns_mode, ["", "private", "host"].contains(&host.cgroupns_mode.as_str())),
        ("userns", &host.userns_mode, ["", "host"].contains(&host.userns_mode.as_str())),
    ];
    if let Some((kind, mode, _)) = checks.iter().find(|(_, _, valid)| !valid) {
        return Err(Fault::invalid(format!("invalid {kind} mode: {mode}")));
    }
    if !matches!(host.runtime.as_str(), "" | "knarr" | "runc" | "io.containerd.runc.v2") {
        return Err(Fault::invalid(format!("unknown or invalid runtime name: {}", host.runtime)));
    }
    if !matches!(host.log_config.kind.as_str(), "" | "json-file" | "local" | "none") {
        return Err(Fault::invalid(format!("logger: no log driver named '{}' is registered", host.log_config.kind)));
    }
    Ok(())
}

/// Row 37: names are words and dots, values single-line; parameters that reach beyond the namespaces are refused.
fn sysctl(name: &str, value: &str, host: &HostConfig) -> Result<()> {
    let refuse = |why: &str| Err(Fault::invalid(format!("invalid sysctl '{name}={value}': {why}")));
    let words = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/".contains(&b));
    if !words || name.contains("..") || value.bytes().any(|b| b.is_ascii_control() && b != b'\t') {
        return refuse("names are words and dots, values one line");
    }
    let ipc = [
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
        "kernel.sem",
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
        "kernel.shm_rmid_forced",
    ];
    if ipc.contains(&name) || name.starts_with("fs.mqueue.") {
        return if host.ipc_mode == "host" { refuse("not allowed in the host's IPC namespace") } else { Ok(()) };
    }
    if name.starts_with("net.") {
        return if host.network_mode == "host" {
            refuse("not allowed in the host's network namespace")
        } else {
            Ok(())
        };
    }
    refuse("not in a namespace of the container's own")
}

#[cfg(test)]
mod tests {
    use knarr_api::container::PortBinding;

    use super::*;

    #[test]
    fn limits_out_of_range_are_refused_in_dockers_words() {
        let refused = |host: HostConfig| super::host(&host).unwrap_err().message().to_owned();
        assert_eq!(refused(HostConfig { memory: 1, ..HostConfig::default() }), "Minimum memory limit allowed is 6MB");
        let cpus = HostConfig { nano_cpus: 1_000_000_000_000_000, ..HostConfig::default() };
        assert!(refused(cpus).starts_with("Range of CPUs is from 0.01 to"));
        let flying = HostConfig { cap_add: vec!["flying".into()], ..HostConfig::default() };
        assert_eq!(refused(flying), "invalid CapAdd: unknown capability: \"CAP_FLYING\"");
    }

    #[test]
    fn what_would_only_fail_at_the_start_is_refused_at_once() {
        let refused = |host: HostConfig| super::host(&host).unwrap_err().message().to_owned();
        let port = |port: &str| {
            let binding = PortBinding { host_port: port.into(), ..PortBinding::default() };
            HostConfig { port_bindings: [("80/tcp".into(), Some(vec![binding]))].into(), ..HostConfig::default() }
        };
        assert_eq!(refused(port("999999")), "invalid port specification: \"999999\"");
        assert_eq!(refused(port("9-5")), "invalid port specification: \"9-5\"");
        assert!(["", "0", "8000-8010"].iter().all(|text| super::host(&port(text)).is_ok()));
        let secure = HostConfig { security_opt: vec!["nope=1".into()], ..HostConfig::default() };
        assert_eq!(refused(secure), "invalid --security-opt 2: \"nope=1\"");
        let beside = HostConfig { cgroup_parent: "/a/../../b".into(), ..HostConfig::default() };
        assert_eq!(refused(beside), "cannot use \"a/../../b\" as a cgroup path: it must not contain . or ..");
        let hosts = HostConfig { extra_hosts: vec!["nope".into()], ..HostConfig::default() };
        assert_eq!(refused(hosts), "bad format for add-host: \"nope\"");
        let linked = HostConfig { links: vec!["db:db".into()], ..HostConfig::default() };
        assert!(refused(linked).starts_with("links are not supported (db:db)"));
        let hasty = Healthcheck { interval: 5, ..Healthcheck::default() };
        let hasty = Config { healthcheck: Some(hasty), ..Config::default() };
        assert_eq!(config(&hasty).unwrap_err().message(), "Interval in Healthcheck cannot be less than 1ms");
    }

    #[test]
    fn sysctls_stay_in_their_namespaces() {
        let host = HostConfig { network_mode: "bridge".into(), ..HostConfig::default() };
        assert!(sysctl("net.core.somaxconn", "1024", &host).is_ok());
        for (name, value) in [("kernel.panic", "1"), ("net.x", "1\n2"), ("net../x", "1"), ("vm.swappiness", "1")] {
            assert!(sysctl(name, value, &host).is_err(), "{name}");
        }
    }

    #[test]
    fn host_names_are_names() {
        assert!(valid_hostname("web-1.example"));
        for bad in ["", "-a", "a..b", "a/b", "a\n"] {
            assert!(!valid_hostname(bad), "{bad}");
        }
    }
}
