//! Plans, as they would be written.

use knarr_spec::{BlockIo, Cpu, HugepageLimit, LinuxResources, Memory, Pids, ThrottleDevice};

use super::*;
use crate::Version::{V1, V2};

fn written(resources: &LinuxResources, version: Version) -> Vec<String> {
    let writes = plan(resources, |_| Some(version)).unwrap();
    writes.iter().map(|w| format!("{} = {}", w.file, w.value)).collect()
}

fn memory(limit: i64, swap: Option<i64>) -> LinuxResources {
    LinuxResources { memory: Some(Memory { limit: Some(limit), swap, ..Memory::default() }), ..Default::default() }
}

fn full() -> LinuxResources {
    let disk = |rate| vec![ThrottleDevice { major: 8, minor: 16, rate }];
    LinuxResources {
        memory: Some(Memory {
            limit: Some(64 << 20),
            swap: Some(96 << 20),
            reservation: Some(32 << 20),
            swappiness: Some(10),
            ..Memory::default()
        }),
        cpu: Some(Cpu {
            shares: Some(1024),
            quota: Some(50_000),
            period: Some(100_000),
            cpus: "0-1".into(),
            mems: "0".into(),
            ..Cpu::default()
        }),
        pids: Some(Pids { limit: 100 }),
        block_io: Some(BlockIo {
            weight: Some(500),
            throttle_read_bps_device: disk(1_048_576),
            throttle_write_iops_device: disk(100),
            ..BlockIo::default()
        }),
        hugepage_limits: vec![HugepageLimit { page_size: "2MB".into(), limit: 4 << 20 }],
        ..LinuxResources::default()
    }
}

#[test]
fn everything_on_v1() {
    let expected = [
        "memory.limit_in_bytes = 67108864",
        "memory.memsw.limit_in_bytes = 100663296",
        "memory.soft_limit_in_bytes = 33554432",
        "memory.swappiness = 10",
        "cpu.shares = 1024",
        "cpu.cfs_period_us = 100000",
        "cpu.cfs_quota_us = 50000",
        "cpuset.cpus = 0-1",
        "cpuset.mems = 0",
        "pids.max = 100",
        "blkio.bfq.weight = 500",
        "blkio.throttle.read_bps_device = 8:16 1048576",
        "blkio.throttle.write_iops_device = 8:16 100",
        "hugetlb.2MB.limit_in_bytes = 4194304",
        "hugetlb.2MB.rsvd.limit_in_bytes = 4194304",
    ];
    assert_eq!(written(&full(), V1), expected);
}

#[test]
fn everything_on_v2() {
    let expected = [
        "memory.max = 67108864",
        "memory.swap.max = 33554432",
        "memory.low = 33554432",
        "cpu.weight = 100",
        "cpu.max = 50000 100000",
        "cpuset.cpus = 0-1",
        "cpuset.mems = 0",
        "pids.max = 100",
        "io.bfq.weight = 500",
        "io.max = 8:16 rbps=1048576",
        "io.max = 8:16 wiops=100",
        "hugetlb.2MB.max = 4194304",
        "hugetlb.2MB.rsvd.max = 4194304",
    ];
    assert_eq!(written(&full(), V2), expected);
}

#[test]
fn unlimited_memory_frees_swap_too_and_first() {
    assert_eq!(written(&memory(-1, None), V1), ["memory.memsw.limit_in_bytes = -1", "memory.limit_in_bytes = -1"]);
    assert_eq!(written(&memory(-1, None), V2), ["memory.max = max", "memory.swap.max = max"]);
    assert!(plan(&memory(-1, None), |_| None).unwrap().iter().all(|w| !w.limits));
}

#[test]
fn swap_below_memory_is_refused_on_v2() {
    assert!(plan(&memory(100, Some(50)), |_| Some(V2)).is_err());
    let alone = Memory { swap: Some(50), ..Memory::default() };
    assert!(plan(&LinuxResources { memory: Some(alone), ..Default::default() }, |_| Some(V2)).is_err());
    assert_eq!(written(&memory(100, Some(100)), V2), ["memory.max = 100", "memory.swap.max = 0"]);
}

#[test]
fn no_swap_is_no_limit_where_swap_is_not_counted() {
    let writes = plan(&memory(100, Some(100)), |_| Some(V2)).unwrap();
    let swap = writes.iter().find(|write| write.file == "memory.swap.max").unwrap();
    assert!(!swap.limits);
}

#[test]
fn leaf_weights_are_version_ones() {
    let leaf = LinuxResources {
        block_io: Some(BlockIo { leaf_weight: Some(300), ..BlockIo::default() }),
        ..LinuxResources::default()
    };
    assert_eq!(written(&leaf, V1), ["blkio.leaf_weight = 300"]);
    assert!(plan(&leaf, |_| Some(V2)).is_err());
}

#[test]
fn shares_meet_the_ends_and_the_default() {
    let weights = [0, 2, 1024, 2048, 262_144, 1 << 40].map(super::cpu::weight);
    assert_eq!(weights, [1, 1, 100, 174, 10_000, 10_000]);
}

#[test]
fn quota_and_period_alone() {
    let cpu =
        |quota, period| LinuxResources { cpu: Some(Cpu { quota, period, ..Cpu::default() }), ..Default::default() };
    assert_eq!(written(&cpu(Some(20_000), None), V2), ["cpu.max = 20000"]);
    assert_eq!(written(&cpu(Some(-1), None), V2), ["cpu.max = max"]);
    assert_eq!(written(&cpu(None, Some(50_000)), V2), ["cpu.max = max 50000"]);
    assert_eq!(written(&cpu(Some(-1), None), V1), ["cpu.cfs_quota_us = -1"]);
}

#[test]
fn unified_names_are_not_paths() {
    let unified = |name: &str| LinuxResources {
        unified: [(name.to_owned(), "1".to_owned())].into(),
        ..LinuxResources::default()
    };
    assert_eq!(written(&unified("memory.high"), V2), ["memory.high = 1"]);
    for bad in ["../memory.max", "memory", ".x", "memory/x.y"] {
        assert!(plan(&unified(bad), |_| Some(V2)).is_err(), "{bad}");
    }
}

#[test]
fn sizes_of_pages_are_not_paths() {
    let huge = |page_size: &str| LinuxResources {
        hugepage_limits: vec![HugepageLimit { page_size: page_size.into(), limit: 0 }],
        ..LinuxResources::default()
    };
    assert_eq!(written(&huge("64KB"), V2)[0], "hugetlb.64KB.max = 0");
    for bad in ["", "MB", "2", "2TB", "-2MB", "2MB/../../x", "/../../x/2MB", "2\nMB"] {
        assert!(plan(&huge(bad), |_| Some(V1)).is_err(), "{bad}");
    }
}
