//! Profiles as people write them: Docker's JSON, in which groups of calls depend on capabilities, architecture and
//! kernel. Our own policy (`policy/seccomp.json`) has the same form.

use std::str::FromStr;

use knarr_spec::{Seccomp, SeccompArg, Syscall};
use serde::Deserialize;

use crate::arch::Arch;
use crate::{Error, Result};

/// Our policy, carried inside the program.
const POLICY: &str = include_str!("../../../../policy/seccomp.json");

/// What groups may depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Host {
    /// Its own interface.
    pub arch: Arch,
    /// Major and minor version of its kernel.
    pub kernel: (u32, u32),
}

/// Which of our two defaults; our policy alone has groups that depend on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flavour {
    /// Ours.
    #[default]
    Tightened,
    /// The industry's common one, where ours is tighter.
    Docker,
}

impl Host {
    /// The machine that this runs on.
    pub fn current() -> Self {
        let release = rustix::system::uname().release().to_string_lossy().into_owned();
        Self { arch: Arch::NATIVE, kernel: version(&release).unwrap_or((0, 0)) }
    }
}

/// A profile with all its groups.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    default_action: String,
    default_errno_ret: Option<u32>,
    #[serde(default)]
    arch_map: Vec<ArchMap>,
    #[serde(default)]
    architectures: Vec<String>,
    #[serde(default)]
    flags: Vec<String>,
    #[serde(default)]
    listener_path: String,
    #[serde(default)]
    listener_metadata: String,
    #[serde(default)]
    syscalls: Vec<Group>,
}

/// A native interface and those that it can also run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ArchMap {
    architecture: String,
    #[serde(default)]
    sub_architectures: Vec<String>,
}

/// Calls with one answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    #[serde(default)]
    name: String,
    #[serde(default)]
    names: Vec<String>,
    action: String,
    errno_ret: Option<u32>,
    #[serde(default)]
    args: Option<Vec<SeccompArg>>,
    #[serde(default)]
    includes: Option<Filter>,
    #[serde(default)]
    excludes: Option<Filter>,
}

/// When a group counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Filter {
    caps: Vec<String>,
    arches: Vec<String>,
    min_kernel: String,
    flavour: Option<Flavour>,
}

impl FromStr for Profile {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let profile: Self = serde_json::from_str(text).map_err(Error::Json)?;
        if !profile.arch_map.is_empty() && !profile.architectures.is_empty() {
            return Err(Error::Profile("archMap and architectures exclude each other"));
        }
        if profile.syscalls.iter().any(|group| group.name.is_empty() == group.names.is_empty()) {
            return Err(Error::Profile("each group has either name or names"));
        }
        Ok(profile)
    }
}

impl Profile {
    /// The filter for a process with these capabilities (`CAP_…`) on this host.
    pub fn resolve(&self, caps: &[String], host: Host) -> Seccomp {
        self.resolve_for(caps, host, Flavour::Tightened)
    }

    fn resolve_for(&self, caps: &[String], host: Host, flavour: Flavour) -> Seccomp {
        Seccomp {
            default_action: self.default_action.clone(),
            default_errno_ret: self.default_errno_ret,
            architectures: self.architectures_on(host.arch),
            flags: self.flags.clone(),
            listener_path: self.listener_path.clone(),
            listener_metadata: self.listener_metadata.clone(),
            syscalls: self.syscalls.iter().filter(|group| group.counts(caps, host, flavour)).map(Group::rule).collect(),
        }
    }

    fn architectures_on(&self, native: Arch) -> Vec<String> {
        let own = self.arch_map.iter().find(|map| map.architecture == native.name());
        match own {
            Some(map) => [std::slice::from_ref(&map.architecture), &map.sub_architectures].concat(),
            None => self.architectures.clone(),
        }
    }
}

impl Group {
    fn counts(&self, caps: &[String], host: Host, flavour: Flavour) -> bool {
        let included = self.includes.as_ref().is_none_or(|filter| {
            filter.caps.iter().all(|cap| caps.contains(cap))
                && (filter.arches.is_empty() || filter.names(host.arch))
                && (filter.min_kernel.is_empty() || filter.is_reached(host.kernel))
                && filter.flavour.is_none_or(|wanted| wanted == flavour)
        });
        let excluded = self.excludes.as_ref().is_some_and(|filter| {
            filter.caps.iter().any(|cap| caps.contains(cap))
                || filter.names(host.arch)
                || (!filter.min_kernel.is_empty() && filter.is_reached(host.kernel))
        });
        included && !excluded
    }

    fn rule(&self) -> Syscall {
        let names = if self.name.is_empty() { self.names.clone() } else { vec![self.name.clone()] };
        let args = self.args.clone().unwrap_or_default();
        Syscall { names, action: self.action.clone(), errno_ret: self.errno_ret, args }
    }
}

impl Filter {
    fn names(&self, arch: Arch) -> bool {
        self.arches.iter().any(|name| name == arch.docker_name())
    }

    /// A version that cannot be read is never reached.
    fn is_reached(&self, kernel: (u32, u32)) -> bool {
        version(&self.min_kernel).is_some_and(|least| kernel >= least)
    }
}

fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Our policy for a process with these capabilities (`CAP_…`) on this machine.
pub fn default_profile(caps: &[String], flavour: Flavour) -> Result<Seccomp> {
    Ok(Profile::from_str(POLICY)?.resolve_for(caps, Host::current(), flavour))
}
