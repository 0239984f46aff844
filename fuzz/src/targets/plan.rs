//! A bundle's `config.json`: what is read as one becomes the same plan each time, also after it was written again, and
//! nothing in a plan leads out of the container, out of its cgroup, or beyond the kernel's numbers.

use std::path::{Component, Path};

use knarr_cgroups::{CgroupPath, Version, devices};
use knarr_model::Snapshot;
use knarr_runtime::Plan;
use knarr_spec::{LinuxResources, Spec};

/// What may be covered of `/proc`, other than itself.
const COVERABLE: &[&str] = &[
    "cpuinfo",
    "diskstats",
    "meminfo",
    "stat",
    "swaps",
    "uptime",
    "loadavg",
    "slabinfo",
    "sys/kernel/ns_last_pid",
    "sys/crypto/fips_enabled",
];

pub fn run(data: &[u8]) {
    let Ok(spec) = serde_json::from_slice::<Spec>(data) else { return };
    let snapshot = Snapshot { lowers: vec!["/layers/top".into()], upper: None };
    for snapshot in [None, Some(snapshot)] {
        if let Ok(plan) = Plan::new(&spec, Path::new("/bundle"), snapshot.clone()) {
            assert_eq!(Plan::new(&again(&spec), Path::new("/bundle"), snapshot).ok().as_ref(), Some(&plan));
            check_places(&plan);
            check_process(&plan);
        }
    }
    let Some(linux) = &spec.linux else { return };
    check_cgroup_path(&linux.cgroups_path);
    if let Some(resources) = &linux.resources {
        [Version::V1, Version::V2].into_iter().for_each(|version| check_limits(resources, version));
        check_devices(resources);
    }
}

/// Written, as the engine does, and read, as the runtime does.
fn again(spec: &Spec) -> Spec {
    let text = serde_json::to_vec(spec).expect("a document can be written");
    let read: Spec = serde_json::from_slice(&text).expect("what was written can be read");
    assert_eq!(read, *spec);
    read
}

fn check_places(plan: &Plan) {
    for mount in &plan.mounts {
        let place = mount.destination.as_path();
        assert!(is_inside(place), "a mount at {place:?}");
        if let Ok(inside) = place.strip_prefix("/proc") {
            assert!(inside == Path::new("") || COVERABLE.iter().any(|file| inside == Path::new(file)), "{place:?}");
        }
    }
    let devices = plan.devices.iter().flatten().map(|device| Path::new(&device.path));
    for place in devices.chain(plan.masked.iter().chain(&plan.read_only).map(|path| path.as_path())) {
        assert!(is_inside(place), "{place:?}");
    }
    for (file, _) in &plan.sysctls {
        let names = file.components().all(|part| matches!(part, Component::Normal(_)));
        let separate = ["net", "kernel", "fs/mqueue"].iter().any(|folder| file.starts_with(folder));
        assert!(names && separate, "the parameter {file:?}");
    }
    for device in &plan.net_devices {
        assert!(is_name(&device.name) && is_name(&device.inside), "{device:?}");
    }
    assert!(!plan.hostname.contains(['/', '\0']) && !plan.domainname.contains(['/', '\0']));
}

/// Absolute, and nowhere up.
fn is_inside(path: &Path) -> bool {
    let whole = !path.as_os_str().as_encoded_bytes().contains(&0);
    whole && path.is_absolute() && path.components().all(|part| !matches!(part, Component::ParentDir))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() < 16 && !name.contains(['/', '\0', ' ', '%', ':']) && name != "." && name != ".."
}

fn check_process(plan: &Plan) {
    let process = &plan.process;
    assert!(process.args.first().is_some_and(|program| !program.is_empty()));
    assert!(is_inside(&process.cwd), "{:?}", process.cwd);
    let groups = process.groups.iter().chain([&process.gid]).map(|gid| gid.as_raw());
    assert!(groups.chain([process.uid.as_raw()]).all(|id| id <= i32::MAX as u32));
    let sets = &process.capabilities;
    assert!((sets.permitted & sets.inheritable).contains(sets.ambient), "{sets:?}");
    assert!(process.umask <= 0o777);
    assert!(process.oom_score_adj.is_none_or(|score| (-1000..=1000).contains(&score)));
    assert!(process.io_priority.is_none_or(|(class, data)| (1..=3).contains(&class) && data <= 7));
    for (name, _, limit) in &process.rlimits {
        assert!(limit.maximum.is_none_or(|most| limit.current.is_some_and(|now| now <= most)), "{name}: {limit:?}");
    }
    if let Some(policy) = &plan.memory_policy {
        assert!(policy.nodes.len() <= 16, "{} words of nodes", policy.nodes.len());
    }
}

fn check_cgroup_path(text: &str) {
    let Ok(path) = CgroupPath::parse(text) else { return };
    let root = Path::new("/sys/fs/cgroup/pids");
    let below = path.below(root);
    assert!(below != root && below.starts_with(root) && is_inside(&below), "{below:?}");
    assert_eq!(path.chain(root).last(), Some(&below));
    assert_eq!(CgroupPath::parse(&path.to_string()).ok(), Some(path));
}

/// Each is a file of the cgroup itself, and of the controller that it is said to belong to.
fn check_limits(resources: &LinuxResources, version: Version) {
    let Ok(writes) = knarr_cgroups::plan(resources, |_| Some(version)) else { return };
    for write in &writes {
        let files = write.otherwise.iter().map(|(file, _)| file).chain([&write.file]);
        for file in files {
            let own = file.strip_prefix(&write.controller).is_some_and(|rest| rest.starts_with('.'));
            assert!(own && !file.contains(['/', '\0', '\n']), "{write:?}");
        }
    }
}

fn check_devices(resources: &LinuxResources) {
    let Ok(rules) = devices::effective(&resources.devices) else { return };
    let first = &rules[0];
    assert!(!first.allow && first.kind.is_none() && first.access == 7, "a list that does not begin with nothing");
    let program = devices::program(&rules);
    assert!(program.len() <= 16 * rules.len() + 16);
    for write in devices::v1_writes(&resources.devices).expect("what is a program is also writes") {
        let words: Vec<&str> = write.value.split(' ').collect();
        let number = |text: &str| text == "*" || text.bytes().all(|byte| byte.is_ascii_digit());
        let [kind, numbers, access] = words[..] else { panic!("{write:?}") };
        let (major, minor) = numbers.split_once(':').expect("two numbers");
        assert!(matches!(kind, "a" | "b" | "c") && number(major) && number(minor), "{write:?}");
        assert!(!access.is_empty() && access.chars().all(|c| "rwm".contains(c)), "{write:?}");
    }
}
