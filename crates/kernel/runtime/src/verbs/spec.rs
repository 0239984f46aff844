//! `spec`: writes an example document.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use knarr_spec::{
    Capabilities, DeviceRule, IdMapping, Linux, LinuxResources, Mount, Namespace, NamespaceKind, Process, Rlimit, Root,
    Spec,
};

use crate::arguments::{Flag, Global, Words};
use crate::verbs::Verb;
use crate::{Error, Result};

/// The command.
pub const VERB: Verb = Verb {
    name: "spec",
    operands: "",
    about: "write an example config.json, which must not be there yet",
    flags: &[
        Flag::value("bundle", b'b', "DIR", "where (the working folder)"),
        Flag::switch("rootless", 0, "one for a container that is made without root"),
    ],
    run: main,
};

fn main(_: &Global, words: &Words) -> Result<i32> {
    let path = Path::new(words.value("bundle").unwrap_or(".")).join("config.json");
    let mut spec = example();
    if let Some(process) = &mut spec.process {
        process.terminal = true;
    }
    if words.has("rootless") {
        rootless(&mut spec);
    }
    let text =
        serde_json::to_vec_pretty(&spec).map_err(|source| Error::Json { path: path.display().to_string(), source })?;
    let written = OpenOptions::new().write(true).create_new(true).open(&path).and_then(|mut f| f.write_all(&text));
    written.map_err(|e| Error::io("write", path.display().to_string(), e))?;
    Ok(0)
}

/// Makes a document usable without root: a user namespace in which the caller is root, the host's network, and nothing
/// that needs rights over the host.
fn rootless(spec: &mut Spec) {
    let linux = spec.linux.get_or_insert_with(Linux::default);
    linux.namespaces.retain(|namespace| namespace.kind != NamespaceKind::Network);
    linux.namespaces.push(Namespace { kind: NamespaceKind::User, path: String::new() });
    let own = |host_id| vec![IdMapping { container_id: 0, host_id, size: 1 }];
    linux.uid_mappings = own(rustix::process::geteuid().as_raw());
    linux.gid_mappings = own(rustix::process::getegid().as_raw());
    linux.resources = None;
    spec.mounts.retain(|mount| !mount.destination.starts_with("/sys"));
    for mount in &mut spec.mounts {
        mount.options.retain(|option| !option.starts_with("uid=") && !option.starts_with("gid="));
    }
    // A new sysfs would need a network namespace of one's own.
    spec.mounts.push(Mount {
        destination: "/sys".to_owned(),
        kind: "none".to_owned(),
        source: "/sys".to_owned(),
        options: texts(&["rbind", "nosuid", "noexec", "nodev", "ro"]),
        ..Mount::default()
    });
}

/// A shell in namespaces of its own, with the common restrictions.
pub fn example() -> Spec {
    Spec {
        oci_version: knarr_spec::VERSION.to_owned(),
        process: Some(process()),
        root: Some(Root { path: "rootfs".to_owned(), readonly: true }),
        hostname: "knarr".to_owned(),
        mounts: mounts(),
        linux: Some(linux()),
        ..Spec::default()
    }
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn process() -> Process {
    let names = texts(&["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]);
    Process {
        args: texts(&["sh"]),
        env: texts(&["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"]),
        cwd: "/".to_owned(),
        capabilities: Some(Capabilities {
            bounding: names.clone(),
            effective: names.clone(),
            permitted: names,
            ..Capabilities::default()
        }),
        rlimits: vec![Rlimit { kind: "RLIMIT_NOFILE".to_owned(), hard: 1024, soft: 1024 }],
        no_new_privileges: true,
        ..Process::default()
    }
}

fn mounts() -> Vec<Mount> {
    let mount = |destination: &str, kind: &str, options: &[&str]| Mount {
        destination: destination.to_owned(),
        kind: kind.to_owned(),
        source: kind.to_owned(),
        options: texts(options),
        ..Mount::default()
    };
    vec![
        mount("/proc", "proc", &["nosuid", "noexec", "nodev"]),
        mount("/dev", "tmpfs", &["nosuid", "strictatime", "mode=755", "size=65536k"]),
        mount("/dev/pts", "devpts", &["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
        mount("/dev/shm", "tmpfs", &["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
        mount("/dev/mqueue", "mqueue", &["nosuid", "noexec", "nodev"]),
        mount("/sys", "sysfs", &["nosuid", "noexec", "nodev", "ro"]),
        mount("/sys/fs/cgroup", "cgroup", &["nosuid", "noexec", "nodev", "relatime", "ro"]),
    ]
}

fn linux() -> Linux {
    use NamespaceKind::{Cgroup, Ipc, Mount, Network, Pid, Uts};
    let masked = [
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
        "/sys/firmware",
        "/sys/devices/virtual/powercap",
    ];
    Linux {
        namespaces: [Pid, Network, Ipc, Uts, Mount, Cgroup]
            .map(|kind| Namespace { kind, path: String::new() })
            .to_vec(),
        resources: Some(LinuxResources {
            devices: vec![DeviceRule { access: "rwm".to_owned(), ..DeviceRule::default() }],
            ..LinuxResources::default()
        }),
        masked_paths: texts(&masked),
        readonly_paths: texts(&["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]),
        ..Linux::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_can_be_planned() {
        crate::Plan::new(&example(), Path::new("/bundle"), None).unwrap();
    }
}
