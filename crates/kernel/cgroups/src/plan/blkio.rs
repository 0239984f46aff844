//! Block device weights and throttles.

use knarr_spec::{BlockIo, ThrottleDevice};

use super::Write;
use crate::{Error, Result, Version};

/// The writes of one block section.
pub fn writes(block: &BlockIo, version: Version) -> Result<Vec<Write>> {
    let mut writes = Vec::new();
    let weights = block.weight.filter(|w| *w != 0).map(|w| (None, w));
    let devices = block.weight_device.iter().filter_map(|d| Some((Some((d.major, d.minor)), d.weight?)));
    for (device, value) in weights.into_iter().chain(devices) {
        writes.push(weight(device, value, version)?);
    }
    writes.extend(leaf_weights(block, version)?);
    let throttles = [
        (&block.throttle_read_bps_device, "read_bps", "rbps"),
        (&block.throttle_write_bps_device, "write_bps", "wbps"),
        (&block.throttle_read_iops_device, "read_iops", "riops"),
        (&block.throttle_write_iops_device, "write_iops", "wiops"),
    ];
    for (devices, old, new) in throttles {
        writes.extend(devices.iter().map(|device| throttle(device, old, new, version)));
    }
    Ok(writes)
}

/// Of the whole group, or of one device: BFQ's file where the kernel has it, else the controller's own.
fn weight(device: Option<(i64, i64)>, value: u16, version: Version) -> Result<Write> {
    if !(10..=1000).contains(&value) {
        return Err(Error::Limit("block weight", format!("{value} is not within 10 to 1000")));
    }
    let line = |value: u64| match device {
        Some((major, minor)) => format!("{major}:{minor} {value}"),
        None => value.to_string(),
    };
    let suffix = if device.is_some() { "_device" } else { "" };
    Ok(match version {
        Version::V1 => Write::limit("blkio", format!("blkio.bfq.weight{suffix}"), line(value.into()))
            .or(format!("blkio.weight{suffix}"), line(value.into())),
        Version::V2 => {
            Write::limit("io", "io.bfq.weight", line(value.into())).or("io.weight", line(unified_weight(value)))
        }
    })
}

/// Weights against the container's own child groups, which kernels with version 1's CFQ have.
fn leaf_weights(block: &BlockIo, version: Version) -> Result<Vec<Write>> {
    let own = block.leaf_weight.filter(|w| *w != 0).map(|w| ("blkio.leaf_weight", w.to_string()));
    let devices = block.weight_device.iter().filter_map(|device| {
        let weight = device.leaf_weight.filter(|w| *w != 0)?;
        Some(("blkio.leaf_weight_device", format!("{}:{} {weight}", device.major, device.minor)))
    });
    let writes: Vec<Write> =
        own.into_iter().chain(devices).map(|(file, value)| Write::limit("blkio", file, value)).collect();
    match (writes.is_empty(), version) {
        (false, Version::V2) => Err(Error::Limit("block leaf weight", "cgroup version 2 does not have it".to_owned())),
        _ => Ok(writes),
    }
}

/// 10 to 1000 spread over 1 to 10000.
fn unified_weight(weight: u16) -> u64 {
    1 + (u64::from(weight) - 10) * 9999 / 990
}

/// A rate of 0 takes the throttle away.
fn throttle(device: &ThrottleDevice, old: &str, new: &str, version: Version) -> Write {
    let ThrottleDevice { major, minor, rate } = device;
    let (controller, file) = match version {
        Version::V1 => ("blkio", format!("blkio.throttle.{old}_device")),
        Version::V2 => ("io", "io.max".to_owned()),
    };
    match (version, rate) {
        (Version::V1, rate) => {
            Write { limits: *rate != 0, ..Write::limit(controller, file, format!("{major}:{minor} {rate}")) }
        }
        (Version::V2, 0) => Write::unlimited(controller, file, format!("{major}:{minor} {new}=max")),
        (Version::V2, rate) => Write::limit(controller, file, format!("{major}:{minor} {new}={rate}")),
    }
}
