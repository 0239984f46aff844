//! `--security-opt`, masked and read-only paths, the system call filter.

use std::collections::BTreeMap;

use knarr_api::container::HostConfig;
use knarr_model::{Fault, Result};
use knarr_seccomp::Flavour;
use knarr_spec::Seccomp;

use super::capabilities::NAMES;
use super::{Facts, apparmor};

/// Paths that a container cannot read.
const MASKED: [&str; 12] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
];
/// Paths that it cannot write.
const READ_ONLY: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/// Masked paths as inspect shows them for a container that asked for none in particular.
pub(crate) fn default_masked() -> Vec<String> {
    MASKED.map(str::to_owned).into_iter().chain(throttling()).collect()
}

/// How often each processor ran hot tells a container what its neighbours do (row 35).
fn throttling() -> impl Iterator<Item = String> {
    let processors = std::fs::read_dir("/sys/devices/system/cpu").into_iter().flatten().flatten();
    let counters = processors.map(|entry| entry.path().join("thermal_throttle")).filter(|path| path.is_dir());
    counters.map(|path| path.to_string_lossy().into_owned())
}

/// Read-only paths as inspect shows them.
pub(crate) fn default_read_only() -> Vec<String> {
    READ_ONLY.map(str::to_owned).to_vec()
}

/// `--security-opt`, understood.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SecurityOptions {
    pub(crate) no_new_privileges: bool,
    pub(crate) seccomp: Filter,
    /// The AppArmor profile; empty where none is named.
    pub(crate) apparmor: String,
    pub(crate) unmasked: bool,
    /// `compat=docker`: the industry's common default, for this container alone.
    pub(crate) compat_docker: bool,
}

/// Which filter.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Filter {
    /// Ours.
    #[default]
    Default,
    /// None.
    Unconfined,
    /// A profile's JSON.
    Profile(String),
}

impl SecurityOptions {
    /// Row 19: what is not understood is refused, never taken for "unconfined".
    pub(crate) fn parse(options: &[String]) -> Result<Self> {
        let mut parsed = Self::default();
        for option in options {
            let (key, value) = option.split_once(['=', ':']).unwrap_or((option, ""));
            match (key, value) {
                ("no-new-privileges", "" | "true") => parsed.no_new_privileges = true,
                ("no-new-privileges", "false") => parsed.no_new_privileges = false,
                ("seccomp", "unconfined") => parsed.seccomp = Filter::Unconfined,
                ("seccomp", "builtin") => parsed.seccomp = Filter::Default,
                ("seccomp", json) if json.trim_start().starts_with('{') => {
                    parsed.seccomp = Filter::Profile(json.to_owned())
                }
                ("systempaths", "unconfined") => parsed.unmasked = true,
                ("compat", "docker") => parsed.compat_docker = true,
                ("apparmor", name) if !name.is_empty() && !name.chars().any(char::is_control) => {
                    parsed.apparmor = name.to_owned();
                }
                ("label", "disable") => {}
                _ => return Err(Fault::invalid(format!("invalid --security-opt 2: {option:?}"))),
            }
        }
        Ok(parsed)
    }
}

/// The AppArmor profile as inspect shows it: empty where none was named.
pub(crate) fn apparmor_profile(options: &[String]) -> String {
    SecurityOptions::parse(options).map(|options| options.apparmor).unwrap_or_default()
}

/// Refuses at creation what a start would refuse: of a filter, the rules for who has no capability and for who has all.
pub(crate) fn check_security(options: &[String]) -> Result<()> {
    let options = SecurityOptions::parse(options)?;
    apparmor::check(&options.apparmor)?;
    let Filter::Profile(json) = options.seccomp else { return Ok(()) };
    let profile: knarr_seccomp::Profile = json.parse()?;
    for capabilities in [Vec::new(), NAMES.map(str::to_owned).to_vec()] {
        knarr_seccomp::compile(&profile.resolve(&capabilities, knarr_seccomp::Host::current()))?;
    }
    Ok(())
}

pub(super) fn seccomp(
    options: &SecurityOptions,
    privileged: bool,
    capabilities: &[String],
    facts: &Facts,
) -> Result<Option<Seccomp>> {
    match &options.seccomp {
        Filter::Unconfined => Ok(None),
        Filter::Profile(json) => {
            let profile: knarr_seccomp::Profile = json.parse()?;
            Ok(Some(profile.resolve(capabilities, knarr_seccomp::Host::current())))
        }
        Filter::Default if privileged => Ok(None),
        Filter::Default => {
            let flavour = if facts.compat_docker { Flavour::Docker } else { Flavour::Tightened };
            Ok(Some(knarr_seccomp::default_profile(capabilities, flavour)?))
        }
    }
}

pub(super) fn masked(host: &HostConfig, options: &SecurityOptions) -> Vec<String> {
    paths(host, options, host.masked_paths.as_ref(), default_masked)
}

pub(super) fn read_only(host: &HostConfig, options: &SecurityOptions) -> Vec<String> {
    paths(host, options, host.readonly_paths.as_ref(), default_read_only)
}

fn paths(
    host: &HostConfig,
    options: &SecurityOptions,
    asked: Option<&Vec<String>>,
    default: fn() -> Vec<String>,
) -> Vec<String> {
    match asked {
        _ if host.privileged || options.unmasked => Vec::new(),
        Some(list) => list.clone(),
        None => default(),
    }
}

/// The user's. What every network namespace has is set where it is made (the network room).
pub(super) fn sysctls(host: &HostConfig) -> BTreeMap<String, String> {
    host.sysctls.iter().map(|(key, value)| (key.replace('/', "."), value.clone())).collect()
}
