//! Limits, from the host config's words to the spec's.

use std::collections::BTreeMap;

use knarr_api::container::{HostConfig, ThrottleDevice};
use knarr_model::{Fault, Result};
use knarr_spec::{BlockIo, Cpu, DeviceRule, LinuxResources, Memory, Pids};

use super::Facts;

/// Devices that every container may use: type, major, minor (any where none).
const DEVICES: [(&str, i64, Option<i64>); 9] = [
    ("c", 1, Some(3)),
    ("c", 1, Some(5)),
    ("c", 1, Some(7)),
    ("c", 1, Some(8)),
    ("c", 1, Some(9)),
    ("c", 5, Some(0)),
    ("c", 5, Some(1)),
    ("c", 5, Some(2)),
    ("c", 136, None),
];

/// Tasks of a container that asked for no limit, in the tightened default.
const DEFAULT_PIDS: i64 = 4096;

/// All limits of a container.
pub(crate) fn plan(host: &HostConfig, facts: &Facts) -> Result<LinuxResources> {
    Ok(LinuxResources {
        devices: device_rules(host, facts)?,
        memory: memory(host),
        cpu: cpu(host),
        pids: Some(Pids { limit: tasks(host, facts) }),
        block_io: block_io(host, &facts.block_devices)?,
        ..LinuxResources::default()
    })
}

/// How many tasks; 0 for no limit.
fn tasks(host: &HostConfig, facts: &Facts) -> i64 {
    let default = if facts.compat_docker { 0 } else { DEFAULT_PIDS };
    host.pids_limit.filter(|limit| *limit != 0).unwrap_or(default)
}

/// Row 12: deny all first.
fn device_rules(host: &HostConfig, facts: &Facts) -> Result<Vec<DeviceRule>> {
    if host.privileged {
        return Ok(vec![rule(true, "a", None, None, "rwm")]);
    }
    let mut rules = vec![rule(false, "a", None, None, "rwm")];
    rules.extend(DEVICES.iter().map(|(kind, major, minor)| rule(true, kind, Some(*major), *minor, "rwm")));
    for kind in ["c", "b"] {
        rules.push(rule(true, kind, None, None, "m"));
    }
    for device in &facts.devices {
        let node = &device.node;
        rules.push(rule(true, &node.kind, Some(node.major), Some(node.minor), &device.access));
    }
    for text in &host.device_cgroup_rules {
        rules.push(parse_rule(text)?);
    }
    Ok(rules)
}

fn rule(allow: bool, kind: &str, major: Option<i64>, minor: Option<i64>, access: &str) -> DeviceRule {
    DeviceRule { allow, kind: kind.to_owned(), major, minor, access: access.to_owned() }
}

/// `c 10:200 rwm`, `b *:* r`.
fn parse_rule(text: &str) -> Result<DeviceRule> {
    let invalid = || Fault::invalid(format!("invalid device cgroup rule format: '{text}'"));
    let number = |part: &str| match part {
        "*" => Ok(None),
        digits => digits.parse::<u32>().map(|n| Some(i64::from(n))).map_err(|_| invalid()),
    };
    let parts: Vec<&str> = text.split_whitespace().collect();
    let [kind @ ("a" | "b" | "c"), numbers, access] = parts[..] else { return Err(invalid()) };
    let (major, minor) = numbers.split_once(':').ok_or_else(invalid)?;
    if access.is_empty() || !access.bytes().all(|b| b"rwm".contains(&b)) {
        return Err(invalid());
    }
    Ok(rule(true, kind, number(major)?, number(minor)?, access))
}

fn memory(host: &HostConfig) -> Option<Memory> {
    let set = |value: i64| (value != 0).then_some(value);
    let memory = Memory {
        limit: set(host.memory),
        reservation: set(host.memory_reservation),
        swap: set(host.memory_swap),
        swappiness: host.memory_swappiness.and_then(|value| u64::try_from(value).ok()),
        disable_oom_killer: host.oom_kill_disable.filter(|disable| *disable),
        ..Memory::default()
    };
    (memory != Memory::default()).then_some(memory)
}

fn cpu(host: &HostConfig) -> Option<Cpu> {
    let positive = |value: i64| u64::try_from(value).ok().filter(|value| *value > 0);
    let mut cpu = Cpu {
        shares: positive(host.cpu_shares),
        quota: (host.cpu_quota != 0).then_some(host.cpu_quota),
        period: positive(host.cpu_period),
        realtime_period: positive(host.cpu_realtime_period),
        realtime_runtime: (host.cpu_realtime_runtime != 0).then_some(host.cpu_realtime_runtime),
        cpus: host.cpuset_cpus.clone(),
        mems: host.cpuset_mems.clone(),
        ..Cpu::default()
    };
    if host.nano_cpus > 0 {
        cpu.period = Some(100_000);
        cpu.quota = Some(host.nano_cpus / 10_000);
    }
    (cpu != Cpu::default()).then_some(cpu)
}

fn block_io(host: &HostConfig, devices: &BTreeMap<String, (i64, i64)>) -> Result<Option<BlockIo>> {
    let number =
        |path: &str| devices.get(path).copied().ok_or_else(|| Fault::invalid(format!("no such block device: {path}")));
    let throttle = |list: &[ThrottleDevice]| {
        let one = |device: &ThrottleDevice| {
            let (major, minor) = number(&device.path)?;
            Ok(knarr_spec::ThrottleDevice { major, minor, rate: device.rate })
        };
        list.iter().map(one).collect::<Result<Vec<_>>>()
    };
    let weight = |device: &knarr_api::container::WeightDevice| {
        let (major, minor) = number(&device.path)?;
        Ok(knarr_spec::WeightDevice { major, minor, weight: Some(device.weight), leaf_weight: None })
    };
    let io = BlockIo {
        weight: (host.blkio_weight > 0).then_some(host.blkio_weight),
        leaf_weight: None,
        weight_device: host.blkio_weight_device.iter().map(weight).collect::<Result<_>>()?,
        throttle_read_bps_device: throttle(&host.blkio_device_read_bps)?,
        throttle_write_bps_device: throttle(&host.blkio_device_write_bps)?,
        throttle_read_iops_device: throttle(&host.blkio_device_read_iops)?,
        throttle_write_iops_device: throttle(&host.blkio_device_write_iops)?,
    };
    Ok((io != BlockIo::default()).then_some(io))
}
