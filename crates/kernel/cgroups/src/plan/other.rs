//! Tasks, huge pages, network classes, RDMA, and v2 files by name.

use knarr_spec::{HugepageLimit, Network, Pids, Rdma};

use super::Write;
use crate::{Error, Result, Version};

/// Number of tasks; zero or less is unlimited.
pub fn pids(pids: &Pids) -> Write {
    match pids.limit {
        limit @ 1.. => Write::limit("pids", "pids.max", limit),
        _ => Write::unlimited("pids", "pids.max", "max"),
    }
}

/// Bytes of huge pages of one size: used, and where the kernel counts them reserved. The size is part of files' names.
pub fn hugepages(limit: &HugepageLimit, version: Version) -> Result<[Write; 2]> {
    let digits = ["KB", "MB", "GB"].iter().find_map(|unit| limit.page_size.strip_suffix(unit)).unwrap_or_default();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Error::Limit("huge pages", format!("{:?} is no size of pages", limit.page_size)));
    }
    let suffix = if version == Version::V1 { "limit_in_bytes" } else { "max" };
    let (used, reserved) = (format!("{}.{suffix}", limit.page_size), format!("{}.rsvd.{suffix}", limit.page_size));
    Ok([
        Write::limit("hugetlb", format!("hugetlb.{used}"), limit.limit),
        Write { limits: false, ..Write::limit("hugetlb", format!("hugetlb.{reserved}"), limit.limit) },
    ])
}

/// Class and priorities; only v1 has them.
pub fn network(network: &Network) -> Vec<Write> {
    let class = network.class_id.filter(|id| *id != 0).map(|id| Write::limit("net_cls", "net_cls.classid", id));
    let line = |name: &str, priority: u32| Write::limit("net_prio", "net_prio.ifpriomap", format!("{name} {priority}"));
    class.into_iter().chain(network.priorities.iter().map(|p| line(&p.name, p.priority))).collect()
}

/// Handles and objects of one RDMA device.
pub fn rdma(device: &str, limit: &Rdma) -> Write {
    let of = |value: Option<u32>| value.map_or("max".to_owned(), |v| v.to_string());
    let value = format!("{device} hca_handle={} hca_object={}", of(limit.hca_handles), of(limit.hca_objects));
    Write::limit("rdma", "rdma.max", value)
}

/// A v2 file that the user names; its controller is the part before the first dot.
pub fn unified(file: &str, value: &str) -> Result<Write> {
    let known = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    match file.split_once('.') {
        Some((controller, _)) if !controller.is_empty() && file.chars().all(known) => {
            Ok(Write::limit(controller, file, value))
        }
        _ => Err(Error::Limit("unified", format!("{file:?} is not the name of a cgroup file"))),
    }
}
