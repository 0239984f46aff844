//! The runtime spec of a container: a pure function of its record, who it runs as, and facts about the host. Printed and compared
//! in tests; nothing here touches the system.
//!
//! ```text
//! record (user's words, merged) ─┐
//! Facts (files, mounts, ids, …) ─┴─► build() ─► knarr_spec::Spec ─► bundles/<id>/config.json
//! ```

mod apparmor;
mod capabilities;
mod devices;
mod mounts;
mod namespaces;
mod process;
mod resources;
mod security;

use std::path::PathBuf;

use knarr_model::Result;
use knarr_spec::{Device, Linux, Root, Spec};

use super::Record;
use super::user::Identity;

pub(crate) use capabilities::{NAMES as CAPABILITIES, check as check_capabilities, effective as capabilities};
pub(crate) use devices::HostDevice;
pub(crate) use process::{Exec, exec as exec_process};
pub(crate) use resources::plan as resources;
pub(crate) use security::{SecurityOptions, apparmor_profile, check_security, default_masked, default_read_only};

/// What the pure part must know of the world.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// Who the first process runs as.
    pub(crate) identity: Identity,
    /// `hosts`, `hostname` and `resolv.conf` of this container, each with its place in it; those that the user mounts over are
    /// left out.
    pub(crate) files: Vec<(PathBuf, &'static str)>,
    /// The mounts in their order, each source a path of the host (none for memory).
    pub(crate) mounts: Vec<ResolvedMount>,
    /// Where the `/dev/shm` is of the container whose IPC namespace it joins.
    pub(crate) shm: Option<String>,
    /// Namespaces of others that it joins: kind and path.
    pub(crate) joined: Vec<(knarr_spec::NamespaceKind, String)>,
    /// The network namespace's path; none for the host's.
    pub(crate) network: Option<String>,
    /// Below each cgroup hierarchy.
    pub(crate) cgroup: String,
    /// All devices of the host, for a privileged container.
    pub(crate) host_devices: Vec<Device>,
    /// The devices asked for, found.
    pub(crate) devices: Vec<HostDevice>,
    /// Block devices by path, for throttling.
    pub(crate) block_devices: std::collections::BTreeMap<String, (i64, i64)>,
    /// Whether the sandbox's default is the industry's common one: the daemon's or the container's wish.
    pub(crate) compat_docker: bool,
    /// The capabilities that the daemon has and so can give.
    pub(crate) capabilities: Vec<String>,
}

/// A mount whose source is known.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedMount {
    pub(crate) record: super::record::MountRecord,
    /// The host's path; empty for memory.
    pub(crate) source: String,
}

/// The spec of `record`.
pub(crate) fn build(record: &Record, facts: &Facts) -> Result<Spec> {
    let host = &record.host;
    let security = SecurityOptions::parse(&host.security_opt)?;
    let capabilities = capabilities(&host.cap_add, &host.cap_drop, host.privileged, facts)?;
    let seccomp = security::seccomp(&security, host.privileged, &capabilities, facts)?;
    let linux = Linux {
        sysctl: security::sysctls(host),
        resources: Some(resources(host, facts)?),
        cgroups_path: facts.cgroup.clone(),
        namespaces: namespaces::plan(host, facts),
        devices: devices::nodes(host, facts),
        seccomp,
        rootfs_propagation: mounts::root_propagation(facts).to_owned(),
        masked_paths: security::masked(host, &security),
        readonly_paths: security::read_only(host, &security),
        ..Linux::default()
    };
    let own_uts = host.uts_mode != "host";
    Ok(Spec {
        oci_version: knarr_spec::VERSION.into(),
        process: Some(process::first(record, facts, &security, capabilities)?),
        root: Some(Root { path: "rootfs".into(), readonly: host.readonly_rootfs }),
        hostname: if own_uts { record.config.hostname.clone() } else { String::new() },
        domainname: if own_uts { record.config.domainname.clone() } else { String::new() },
        mounts: mounts::plan(host, facts),
        annotations: annotations(record),
        linux: Some(linux),
        ..Spec::default()
    })
}

/// Annotations of the user, never of the image; those of our own prefix only from here (row 37).
fn annotations(record: &Record) -> std::collections::BTreeMap<String, String> {
    let mut all = record.host.annotations.clone();
    all.retain(|key, _| !key.starts_with("dev.knarr."));
    if record.host.init == Some(true) {
        all.insert("dev.knarr.init".into(), "true".into());
    }
    all
}

#[cfg(test)]
mod compat;
#[cfg(test)]
mod tests;
