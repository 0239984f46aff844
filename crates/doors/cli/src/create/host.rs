//! The host's part of a create request.

use knarr_api::Empty;
use knarr_api::container::{Config, DeviceMapping, DeviceRequest, HostConfig, LogConfig, RestartPolicy};

use super::CreateFlags;
use crate::error::{Error, Result};
use crate::spec::{self, Device, VolumeSpec};
use crate::terminal;

/// The host's part, without networks, ports and volumes.
pub(super) fn host_config(flags: &CreateFlags) -> Result<HostConfig> {
    let restart_policy = restart(flags)?;
    let mut security = spec::security_options(&flags.security_opt)?;
    security.options.extend(flags.compat.iter().map(|engine| format!("compat={engine}")));
    let text = |option: &Option<String>| option.clone().unwrap_or_default();
    let (devices, device_requests) = devices(flags);
    Ok(HostConfig {
        annotations: spec::pairs(&flags.annotation),
        auto_remove: flags.rm,
        cap_add: flags.cap_add.clone(),
        cap_drop: flags.cap_drop.clone(),
        cgroup_parent: text(&flags.cgroup_parent),
        cgroupns_mode: text(&flags.cgroupns),
        console_size: terminal::size_of_stdout().map_or([0, 0], |size| [size.rows.into(), size.columns.into()]),
        container_id_file: text(&flags.cidfile),
        device_cgroup_rules: flags.device_cgroup_rule.clone(),
        device_requests,
        devices,
        dns: flags.dns.clone(),
        dns_options: flags.dns_option.clone(),
        dns_search: flags.dns_search.clone(),
        extra_hosts: flags.add_host.clone(),
        group_add: flags.group_add.clone(),
        init: flags.init.then_some(true),
        ipc_mode: text(&flags.ipc),
        links: flags.link.clone(),
        log_config: LogConfig { kind: text(&flags.log_driver), config: spec::pairs(&flags.log_opt) },
        masked_paths: security.open_paths.then(Vec::new),
        readonly_paths: security.open_paths.then(Vec::new),
        oom_score_adj: flags.oom_score_adj.unwrap_or_default(),
        pid_mode: text(&flags.pid),
        privileged: flags.privileged,
        publish_all_ports: flags.publish_all,
        readonly_rootfs: flags.read_only,
        restart_policy,
        runtime: text(&flags.runtime),
        security_opt: security.options,
        shm_size: flags.shm_size.unwrap_or_default(),
        storage_opt: spec::pairs(&flags.storage_opt),
        sysctls: spec::pairs(&flags.sysctl),
        tmpfs: flags.tmpfs.iter().map(|text| colon_pair(text)).collect(),
        ulimits: flags.ulimit.clone(),
        userns_mode: text(&flags.userns),
        uts_mode: text(&flags.uts),
        volume_driver: text(&flags.volume_driver),
        volumes_from: flags.volumes_from.clone(),
        ..limits(flags)
    })
}

fn limits(flags: &CreateFlags) -> HostConfig {
    HostConfig {
        blkio_device_read_bps: flags.device_read_bps.clone(),
        blkio_device_read_iops: flags.device_read_iops.clone(),
        blkio_device_write_bps: flags.device_write_bps.clone(),
        blkio_device_write_iops: flags.device_write_iops.clone(),
        blkio_weight: flags.blkio_weight.unwrap_or_default(),
        blkio_weight_device: flags.blkio_weight_device.clone(),
        cpu_period: flags.cpu_period.unwrap_or_default(),
        cpu_quota: flags.cpu_quota.unwrap_or_default(),
        cpu_realtime_period: flags.cpu_rt_period.unwrap_or_default(),
        cpu_realtime_runtime: flags.cpu_rt_runtime.unwrap_or_default(),
        cpu_shares: flags.cpu_shares.unwrap_or_default(),
        cpuset_cpus: flags.cpuset_cpus.clone().unwrap_or_default(),
        cpuset_mems: flags.cpuset_mems.clone().unwrap_or_default(),
        memory: flags.memory.unwrap_or_default(),
        memory_reservation: flags.memory_reservation.unwrap_or_default(),
        memory_swap: flags.memory_swap.unwrap_or_default(),
        memory_swappiness: flags.memory_swappiness.filter(|n| *n != -1),
        nano_cpus: flags.cpus.unwrap_or_default(),
        oom_kill_disable: flags.oom_kill_disable.then_some(true),
        pids_limit: flags.pids_limit,
        ..HostConfig::default()
    }
}

fn restart(flags: &CreateFlags) -> Result<RestartPolicy> {
    let policy = flags.restart.clone().unwrap_or(RestartPolicy { name: "no".into(), maximum_retry_count: 0 });
    if flags.rm && !matches!(policy.name.as_str(), "" | "no") {
        return Err(Error::invalid("conflicting options: cannot specify both --restart and --rm"));
    }
    Ok(policy)
}

fn devices(flags: &CreateFlags) -> (Vec<DeviceMapping>, Vec<DeviceRequest>) {
    let (mut paths, mut names) = (Vec::new(), Vec::new());
    for device in &flags.device {
        match device {
            Device::Path(mapping) => paths.push(mapping.clone()),
            Device::Cdi(name) => names.push(name.clone()),
        }
    }
    let request = DeviceRequest { driver: "cdi".into(), device_ids: names.clone(), ..DeviceRequest::default() };
    (paths, if names.is_empty() { Vec::new() } else { vec![request] })
}

fn colon_pair(text: &str) -> (String, String) {
    let (path, options) = text.split_once(':').unwrap_or((text, ""));
    (path.to_owned(), options.to_owned())
}

/// `-v` and `--mount`: anonymous volumes are the portable part's, all else the host's.
pub(super) fn add_volumes(flags: &CreateFlags, config: &mut Config, host: &mut HostConfig) -> Result {
    let folder = std::env::current_dir().map_err(|e| Error::io("find the working folder", e))?;
    for text in &flags.volume {
        match spec::volume(text, &folder).map_err(Error::Invalid)? {
            VolumeSpec::Anonymous(path) => {
                config.volumes.insert(path, Empty {});
            }
            VolumeSpec::Bind(bind) if host.binds.contains(&bind) => {}
            VolumeSpec::Bind(bind) => host.binds.push(bind),
        }
    }
    host.mounts = flags.mount.clone();
    for mount in host.mounts.iter_mut().filter(|mount| mount.kind == "bind") {
        mount.source = spec::resolve(&mount.source, &folder);
    }
    Ok(())
}

/// `-p` and `--expose`.
pub(super) fn add_ports(flags: &CreateFlags, config: &mut Config, host: &mut HostConfig) -> Result {
    for text in &flags.publish {
        for publication in spec::publish(text).map_err(Error::Invalid)? {
            config.exposed_ports.insert(publication.port.clone(), Empty {});
            let bindings = host.port_bindings.entry(publication.port.clone()).or_default();
            bindings.get_or_insert_default().push(publication.binding());
        }
    }
    for text in &flags.expose {
        let ports = spec::expose(text).map_err(Error::Invalid)?;
        config.exposed_ports.extend(ports.into_iter().map(|port| (port, Empty {})));
    }
    Ok(())
}
