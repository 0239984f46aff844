//! pids, block devices, huge pages, network, RDMA, unified: by the files of either version, or the
//! error without them.

use knarr_runtime_cases::{Bundle, Runtime, by_version, cases, cgroup_file};
use serde_json::{Value, json};

cases! {
    pids: ["linux/pids"],
    pids_hold: ["linux/pids"],
    pids_of_minus_one_are_unlimited: ["linux/pids"],
    reads_a_second_are_throttled: ["linux/block-io"],
    operations_a_second_are_throttled: ["linux/block-io"],
    several_devices_are_throttled: ["linux/block-io"],
    a_throttle_of_a_device_that_is_not_there_is_refused: ["linux/block-io", "runtime/errors"],
    a_weight_without_the_kernels_file_is_told: ["linux/block-io"] Ours("runc 1.1 tries and fails, crun passes over it"),
    huge_pages_without_a_v1_controller_are_refused: ["linux/hugepage-limits"] Ours("on a hybrid host the controller may be in the v2 tree, which runc 1.1 does not use"),
    an_impossible_page_size_is_refused: ["linux/hugepage-limits"],
    rdma_without_the_controller_is_refused: ["linux/rdma"],
    unified_settings_need_version_two: ["linux/unified"],
    an_empty_resources_object_is_nothing: ["linux/resources"],
    several_limits_at_once: ["linux/resources"],
}

fn limited(runtime: &Runtime, resources: Value) -> Bundle<'_> {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.set("/linux/resources", resources);
    bundle
}

fn refused(runtime: &Runtime, resources: Value) {
    let mut bundle = limited(runtime, resources);
    bundle.set("/process/args", json!(["/bin/true"]));
    bundle.cannot_run();
}

fn file(runtime: &Runtime, resources: Value, name: &str) -> String {
    let bundle = limited(runtime, resources);
    bundle.start();
    cgroup_file(bundle.id(), name)
}

fn pids(runtime: &Runtime) {
    assert_eq!(file(runtime, json!({ "pids": { "limit": 5 } }), "pids.max"), "5");
}

fn pids_hold(runtime: &Runtime) {
    let mut bundle = runtime.shell("for i in $(seq 10); do sleep 1000 >/dev/null 2>&1 & done");
    bundle.set("/linux/resources/pids/limit", 5);
    let outcome = bundle.run();
    assert!(outcome.stderr.contains("can't fork"), "{outcome:?}");
}

fn pids_of_minus_one_are_unlimited(runtime: &Runtime) {
    assert_eq!(file(runtime, json!({ "pids": { "limit": -1 } }), "pids.max"), "max");
}

/// A disk of this machine, whole: throttles know no partitions.
fn disk() -> (u64, u64) {
    let disks = std::fs::read_dir("/sys/block").unwrap().map(|entry| entry.unwrap().path());
    let number = disks.filter_map(|disk| std::fs::read_to_string(disk.join("dev")).ok()).min().expect("a block device");
    let (major, minor) = number.trim().split_once(':').unwrap();
    (major.parse().unwrap(), minor.parse().unwrap())
}

fn throttle(rate: u64) -> Value {
    let (major, minor) = disk();
    json!([{ "major": major, "minor": minor, "rate": rate }])
}

fn throttled(runtime: &Runtime, field: &str, v1: &str, v2: &str) {
    let (major, minor) = disk();
    let text = file(runtime, json!({ "blockIO": { field: throttle(4096) } }), by_version(v1, "io.max"));
    let expected = by_version(" 4096".to_owned(), format!(" {v2}=4096"));
    assert!(text.starts_with(&format!("{major}:{minor} ")) && text.contains(&expected), "{field}: {text}");
}

fn reads_a_second_are_throttled(runtime: &Runtime) {
    throttled(runtime, "throttleReadBpsDevice", "blkio.throttle.read_bps_device", "rbps");
    throttled(runtime, "throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "wbps");
}

fn operations_a_second_are_throttled(runtime: &Runtime) {
    throttled(runtime, "throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "riops");
    throttled(runtime, "throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", "wiops");
}

fn several_devices_are_throttled(runtime: &Runtime) {
    let all = json!({ "throttleReadBpsDevice": throttle(4096), "throttleWriteIOPSDevice": throttle(77) });
    let bundle = limited(runtime, json!({ "blockIO": all }));
    bundle.start();
    let value = |v1: &str| cgroup_file(bundle.id(), by_version(v1, "io.max"));
    let (bytes, operations) = (value("blkio.throttle.read_bps_device"), value("blkio.throttle.write_iops_device"));
    assert!(bytes.contains(by_version(" 4096", "rbps=4096")), "{bytes}");
    assert!(operations.contains(by_version(" 77", "wiops=77")), "{operations}");
}

fn a_throttle_of_a_device_that_is_not_there_is_refused(runtime: &Runtime) {
    let nowhere = json!([{ "major": 4000, "minor": 1, "rate": 4096 }]);
    refused(runtime, json!({ "blockIO": { "throttleReadBpsDevice": nowhere } }));
}

fn a_weight_without_the_kernels_file_is_told(runtime: &Runtime) {
    let bundle = limited(runtime, json!({ "blockIO": { "weight": 500 } }));
    let outcome = bundle.verb(&["run", "--detach", "--bundle", bundle.word(), bundle.id()]);
    let said = outcome.said();
    assert!(outcome.status.success() || said.contains("blkio"), "{said}");
}

fn huge_pages_without_a_v1_controller_are_refused(runtime: &Runtime) {
    let limits = json!([{ "pageSize": "2MB", "limit": 4 << 20 }]);
    let bundle = limited(runtime, json!({ "hugepageLimits": limits }));
    let outcome = bundle.verb(&["run", "--detach", "--bundle", bundle.word(), bundle.id()]);
    match outcome.status.success() {
        true => assert_eq!(cgroup_file(bundle.id(), "hugetlb.2MB.max"), (4 << 20).to_string()),
        false => assert!(outcome.said().contains("hugetlb"), "{}", outcome.said()),
    }
}

fn an_impossible_page_size_is_refused(runtime: &Runtime) {
    let limits = json!([{ "pageSize": "3MB", "limit": 4 << 20 }]);
    refused(runtime, json!({ "hugepageLimits": limits }));
}

fn rdma_without_the_controller_is_refused(runtime: &Runtime) {
    refused(runtime, json!({ "rdma": { "mlx5_1": { "hcaHandles": 3 } } }));
}

fn unified_settings_need_version_two(runtime: &Runtime) {
    let settings = json!({ "unified": { "memory.high": "1048576" } });
    let v1 = || refused(runtime, settings.clone());
    let v2 = || assert_eq!(file(runtime, settings.clone(), "memory.high"), "1048576");
    by_version(&v1 as &dyn Fn(), &v2)();
}

fn an_empty_resources_object_is_nothing(runtime: &Runtime) {
    assert_eq!(file(runtime, json!({}), "pids.max"), "max");
}

fn several_limits_at_once(runtime: &Runtime) {
    let all = json!({ "pids": { "limit": 9 }, "cpu": { "shares": 512 }, "memory": { "limit": 64 << 20 } });
    let bundle = limited(runtime, all);
    bundle.start();
    let names = ["pids.max", by_version("memory.limit_in_bytes", "memory.max")];
    assert_eq!(names.map(|name| cgroup_file(bundle.id(), name)), ["9", "67108864"]);
    assert_ne!(cgroup_file(bundle.id(), by_version("cpu.shares", "cpu.weight")), by_version("1024", "100"));
}
