//! Facts about the host that the spec needs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use knarr_api::container::{DeviceMapping, HostConfig};
use knarr_model::{Fault, Result};
use knarr_spec::{Device, NamespaceKind};
use rustix::fs::FileType;

use super::cgroup_path;
use crate::Engine;
use crate::containers::Record;
use crate::containers::spec::{CAPABILITIES, Facts, HostDevice, SecurityOptions};

/// Everything but identity, files, mounts and network, which the caller fills in.
pub(super) fn gather(engine: &Engine, record: &Record) -> Result<Facts> {
    let host = &record.host;
    let limits = limits(engine, host)?;
    Ok(Facts {
        joined: joined(engine, host)?,
        shm: shared_memory(engine, host)?,
        cgroup: cgroup_path(&engine.config, record),
        host_devices: if host.privileged { all_devices() } else { Vec::new() },
        devices: devices(&host.devices)?,
        capabilities: own_capabilities()?,
        ..limits
    })
}

/// What limits need.
pub(crate) fn limits(engine: &Engine, host: &HostConfig) -> Result<Facts> {
    let throttled = [
        &host.blkio_device_read_bps,
        &host.blkio_device_write_bps,
        &host.blkio_device_read_iops,
        &host.blkio_device_write_iops,
    ];
    let paths = throttled.into_iter().flatten().map(|device| &device.path);
    let weighed = host.blkio_weight_device.iter().map(|device| &device.path);
    let mut block_devices = BTreeMap::new();
    for path in paths.chain(weighed) {
        let (kind, major, minor, _) = stat(Path::new(path))?;
        if kind != "b" {
            return Err(Fault::invalid(format!("{path} is not a block device")));
        }
        block_devices.insert(path.clone(), (major, minor));
    }
    Ok(Facts { block_devices, compat_docker: compat_docker(engine, host)?, ..Facts::default() })
}

/// What an exec session needs: the daemon's capabilities and the sandbox's flavour.
pub(crate) fn exec(engine: &Engine, host: &HostConfig) -> Result<Facts> {
    Ok(Facts { compat_docker: compat_docker(engine, host)?, capabilities: own_capabilities()?, ..Facts::default() })
}

/// Whether the daemon's setting or the container's own option asks for the common default.
fn compat_docker(engine: &Engine, host: &HostConfig) -> Result<bool> {
    Ok(engine.config.compat_docker || SecurityOptions::parse(&host.security_opt)?.compat_docker)
}

/// `CapPrm` of our own process, as names.
fn own_capabilities() -> Result<Vec<String>> {
    let text = fs::read_to_string("/proc/self/status").map_err(|e| Fault::io("read /proc/self/status", e))?;
    let mask = text.lines().find_map(|line| line.strip_prefix("CapPrm:"));
    let mask = mask.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or_default();
    let have = |(bit, _): &(usize, &str)| mask >> bit & 1 == 1;
    Ok(CAPABILITIES.into_iter().enumerate().filter(have).map(|(_, name)| name.to_owned()).collect())
}

/// Namespaces of other containers that this one joins.
fn joined(engine: &Engine, host: &HostConfig) -> Result<Vec<(NamespaceKind, String)>> {
    let modes = [(NamespaceKind::Pid, "pid", &host.pid_mode), (NamespaceKind::Ipc, "ipc", &host.ipc_mode)];
    let mut all = Vec::new();
    for (kind, file, mode) in modes {
        let Some(other) = mode.strip_prefix("container:") else { continue };
        let other = engine.containers.find(other)?.view();
        if !other.state.status.alive() {
            return Err(Fault::conflict(format!("cannot join {file} of a non running container: {}", other.id)));
        }
        if kind == NamespaceKind::Ipc && other.host.ipc_mode != "shareable" {
            return Err(Fault::invalid(format!(
                "cannot join IPC of container {}: its IPC mode is not shareable",
                other.id
            )));
        }
        all.push((kind, format!("/proc/{}/ns/{file}", other.state.pid)));
    }
    Ok(all)
}

/// The `/dev/shm` of the container whose IPC namespace it joins, where that one's processes see it.
fn shared_memory(engine: &Engine, host: &HostConfig) -> Result<Option<String>> {
    let Some(other) = host.ipc_mode.strip_prefix("container:") else { return Ok(None) };
    let other = engine.containers.find(other)?.view();
    Ok(Some(format!("/proc/{}/root/dev/shm", other.state.pid)))
}

fn devices(asked: &[DeviceMapping]) -> Result<Vec<HostDevice>> {
    asked.iter().map(device).collect()
}

fn device(mapping: &DeviceMapping) -> Result<HostDevice> {
    let source = Path::new(&mapping.path_on_host);
    let (kind, major, minor, mode) = stat(source)?;
    let inside = if mapping.path_in_container.is_empty() { &mapping.path_on_host } else { &mapping.path_in_container };
    let access = if mapping.cgroup_permissions.is_empty() { "rwm" } else { &mapping.cgroup_permissions };
    let node = Device {
        kind: kind.to_owned(),
        path: inside.clone(),
        major,
        minor,
        file_mode: Some(mode),
        uid: None,
        gid: None,
    };
    Ok(HostDevice { node, access: access.to_owned() })
}

/// Type, numbers and permission bits of a device node.
fn stat(path: &Path) -> Result<(&'static str, i64, i64, u32)> {
    let shown = path.display();
    let stat = rustix::fs::stat(path).map_err(|e| {
        Fault::invalid(format!("error gathering device information while adding custom device \"{shown}\"")).because(e)
    })?;
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::CharacterDevice => "c",
        FileType::BlockDevice => "b",
        _ => {
            return Err(Fault::invalid(format!(
                "error gathering device information while adding custom device \"{shown}\": not a device node"
            )));
        }
    };
    let (major, minor) = (rustix::fs::major(stat.st_rdev), rustix::fs::minor(stat.st_rdev));
    Ok((kind, i64::from(major), i64::from(minor), stat.st_mode & 0o7777))
}

/// All device nodes directly below the host's `/dev` and in its folders, but terminals and shared memory, of which a container has
/// its own.
fn all_devices() -> Vec<Device> {
    let mut all = Vec::new();
    collect(Path::new("/dev"), 0, &mut all);
    all
}

fn collect(dir: &Path, depth: usize, all: &mut Vec<Device>) {
    const OWN: [&str; 10] = ["pts", "shm", "mqueue", "console", "ptmx", "fd", "stdin", "stdout", "stderr", "core"];
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if depth == 0 && OWN.iter().any(|own| name == *own) {
            continue;
        }
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && depth < 4 {
            collect(&path, depth + 1, all);
        } else if !kind.is_symlink()
            && let Ok((kind, major, minor, mode)) = stat(&path)
        {
            let path = path.to_string_lossy().into_owned();
            all.push(Device { kind: kind.into(), path, major, minor, file_mode: Some(mode), uid: None, gid: None });
        }
    }
}
