//! All mounts: Docker's defaults, our three files, the user's.

use knarr_api::container::HostConfig;
use knarr_spec::Mount;

use super::{Facts, ResolvedMount};
use crate::containers::record::MountSource;

/// Kernel file systems that each container has: where, type, source, options.
const DEFAULTS: [(&str, &str, &str, &str); 6] = [
    ("/proc", "proc", "proc", "nosuid,noexec,nodev"),
    ("/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"),
    ("/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"),
    ("/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro"),
    ("/sys/fs/cgroup", "cgroup", "cgroup", "ro,nosuid,noexec,nodev"),
    ("/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev"),
];

/// In the order in which they are made. What the user mounts over a default replaces it.
pub(super) fn plan(host: &HostConfig, facts: &Facts) -> Vec<Mount> {
    let taken = |path: &str| facts.mounts.iter().any(|mount| mount.record.destination == path);
    let mut all: Vec<Mount> = DEFAULTS.iter().map(|default| kernel(default, host.privileged)).collect();
    all.extend(shm(host, facts));
    all.retain(|mount| !taken(&mount.destination));
    let files = facts.files.iter().filter(|(_, destination)| !taken(destination));
    all.extend(files.map(|(source, destination)| Mount {
        destination: (*destination).to_owned(),
        kind: "bind".into(),
        source: source.to_string_lossy().into_owned(),
        options: words("rbind,rprivate"),
        ..Mount::default()
    }));
    all.extend(facts.mounts.iter().map(user));
    all
}

/// One of [`DEFAULTS`]; a privileged container may write to them.
fn kernel((destination, kind, source, options): &(&str, &str, &str, &str), privileged: bool) -> Mount {
    let mut options = words(options);
    if privileged {
        options.retain(|word| word != "ro");
    }
    Mount {
        destination: (*destination).to_owned(),
        kind: (*kind).to_owned(),
        source: (*source).to_owned(),
        options,
        ..Mount::default()
    }
}

/// `/dev/shm`: a memory of its own, which others may join where it is shareable; the host's; or that of the container whose
/// IPC namespace it joins. With the IPC mode `none` there is none.
fn shm(host: &HostConfig, facts: &Facts) -> Option<Mount> {
    let destination = "/dev/shm".to_owned();
    let bind = |source: String| Mount {
        destination: destination.clone(),
        kind: "bind".into(),
        source,
        options: words("rbind,rprivate"),
        ..Mount::default()
    };
    match (&facts.shm, host.ipc_mode.as_str()) {
        (Some(shared), _) => Some(bind(shared.clone())),
        (None, "none") => None,
        (None, "host") => Some(bind(destination.clone())),
        (None, _) => Some(Mount {
            destination: destination.clone(),
            kind: "tmpfs".into(),
            source: "shm".into(),
            options: words(&format!("nosuid,noexec,nodev,mode=1777,size={}", host.shm_size)),
            ..Mount::default()
        }),
    }
}

fn user(mount: &ResolvedMount) -> Mount {
    let record = &mount.record;
    let destination = record.destination.clone();
    let read_only = if record.read_only { "ro" } else { "rw" };
    let bind = |recursive: bool| {
        let propagation = if record.propagation.is_empty() { "rprivate" } else { &record.propagation };
        let bind = if recursive { "rbind" } else { "bind" };
        let options = words(&format!("{bind},{read_only},{propagation}"));
        Mount {
            destination: destination.clone(),
            kind: "bind".into(),
            source: mount.source.clone(),
            options,
            ..Mount::default()
        }
    };
    match &record.source {
        MountSource::Bind { non_recursive, .. } => bind(!non_recursive),
        MountSource::Volume { .. } => bind(true),
        MountSource::Tmpfs { options } => {
            let mut options = options.clone();
            if record.read_only && !options.iter().any(|word| word == "ro") {
                options.push("ro".into());
            }
            Mount {
                destination: destination.clone(),
                kind: "tmpfs".into(),
                source: "tmpfs".into(),
                options,
                ..Mount::default()
            }
        }
    }
}

/// The root's propagation must let through what a mount is to get from, or give to, the host.
pub(super) fn root_propagation(facts: &Facts) -> &'static str {
    let has = |word: &str| facts.mounts.iter().any(|mount| mount.record.propagation.ends_with(word));
    match (has("shared"), has("slave")) {
        (true, _) => "rshared",
        (false, true) => "rslave",
        (false, false) => "rprivate",
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(',').map(str::to_owned).collect()
}
