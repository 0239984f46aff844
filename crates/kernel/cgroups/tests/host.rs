//! Cgroups on the host that runs the tests: real folders, real limits, nothing left behind.

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use knarr_cgroups::{Cgroup, Layout, Version};
use knarr_spec::{Cpu, DeviceRule, LinuxResources, Memory, Pids};

/// A cgroup of one test, removed with its parent when the test ends, however it ends.
struct Fixture {
    parent: String,
    cgroup: Cgroup,
}

impl Fixture {
    fn new(name: &str, resources: &LinuxResources) -> Self {
        let parent = format!("/knarr-test-{}-{name}", std::process::id());
        let cgroup = Cgroup::create(&format!("{parent}/one"), resources).unwrap();
        Self { parent, cgroup }
    }

    /// A shell that puts itself inside every hierarchy, says so, and runs `script`.
    fn shell(&self, script: &str) -> Child {
        let join = |(hierarchy, folder): (&knarr_cgroups::Hierarchy, PathBuf)| {
            let file = if hierarchy.version == Version::V1 { "tasks" } else { "cgroup.procs" };
            format!("echo 0 > {}/{file}\n", folder.display())
        };
        let inside: String = self.cgroup.folders().map(join).collect();
        let mut child = Command::new("sh")
            .args(["-ec", &format!("{inside}\necho ready\n{script}")])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut ready = [0; 6];
        child.stdout.as_mut().unwrap().read_exact(&mut ready).unwrap();
        assert_eq!(&ready, b"ready\n");
        child
    }

    fn value(&self, controller: &str, file: &str) -> String {
        let folder = self.cgroup.folders().find(|(h, _)| h.controllers.iter().any(|c| c == controller)).unwrap().1;
        fs::read_to_string(folder.join(file)).unwrap().trim().to_owned()
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = self.cgroup.kill_all();
        let deleted = self.cgroup.delete();
        let parent = Cgroup::remove_if_empty(&self.parent);
        if !std::thread::panicking() {
            deleted.unwrap();
            parent.unwrap();
            let left: Vec<_> =
                Layout::host().unwrap().hierarchies.iter().map(|h| h.mount.join(&self.parent[1..])).collect();
            assert!(left.iter().all(|folder| !folder.exists()), "left behind: {left:?}");
        }
    }
}

fn is_v1(controller: &str) -> bool {
    Layout::host().unwrap().version_of(controller) == Some(Version::V1)
}

fn memory(limit: i64, swap: i64) -> LinuxResources {
    let memory = Memory { limit: Some(limit), swap: Some(swap), ..Memory::default() };
    LinuxResources { memory: Some(memory), ..LinuxResources::default() }
}

#[test]
fn limits_are_written_and_updated() {
    let mut resources = memory(32 << 20, 32 << 20);
    resources.cpu = Some(Cpu { quota: Some(50_000), period: Some(100_000), shares: Some(512), ..Cpu::default() });
    resources.pids = Some(Pids { limit: 20 });
    let fixture = Fixture::new("limits", &resources);
    let (limit, period) =
        if is_v1("memory") { ("memory.limit_in_bytes", "cpu.cfs_period_us") } else { ("memory.max", "cpu.max") };
    assert_eq!(fixture.value("memory", limit), (32 << 20).to_string());
    assert_eq!(fixture.value("pids", "pids.max"), "20");
    for sizes in [64 << 20, 16 << 20, 128 << 20] {
        fixture.cgroup.update(&memory(sizes, sizes)).unwrap();
        assert_eq!(fixture.value("memory", limit), sizes.to_string());
    }
    let shorter = Cpu { period: Some(20_000), quota: Some(10_000), ..Cpu::default() };
    fixture.cgroup.update(&LinuxResources { cpu: Some(shorter), ..LinuxResources::default() }).unwrap();
    assert!(fixture.value("cpu", period).ends_with("20000"));
    assert_eq!(fixture.cgroup.stats().unwrap().memory.limit, Some(128 << 20));
    assert_eq!(fixture.cgroup.stats().unwrap().pids.limit, Some(20));
}

#[test]
fn a_process_joins_and_is_counted_and_killed() {
    let fixture = Fixture::new("join", &LinuxResources::default());
    let mut child = fixture.shell("sleep 1000 & wait");
    let pids = fixture.cgroup.pids().unwrap();
    assert!(pids.contains(&child.id()), "{pids:?}");
    assert!(fixture.cgroup.stats().unwrap().pids.current >= 1);
    assert!(fixture.cgroup.stats().unwrap().cpu.usage > 0);
    let refused = Cgroup::create(&fixture.cgroup.path().to_string(), &LinuxResources::default());
    assert!(refused.unwrap_err().to_string().contains("holds processes"));
    fixture.cgroup.kill_all().unwrap();
    assert!(!child.wait().unwrap().success());
    assert!(fixture.cgroup.pids().unwrap().is_empty());
}

#[test]
fn a_thread_enters_by_descriptors() {
    let fixture = Fixture::new("tasks", &LinuxResources::default());
    let join = fixture.cgroup.join().unwrap();
    let own = std::thread::spawn(move || {
        join.enter_tasks().unwrap();
        fs::read_to_string("/proc/thread-self/cgroup").unwrap()
    });
    let own = own.join().unwrap();
    let path = fixture.cgroup.path().to_string();
    let expected = fixture.cgroup.folders().filter(|(h, _)| h.version == Version::V1).count();
    assert_eq!(own.lines().filter(|line| line.ends_with(&path)).count(), expected, "{own}");
}

#[test]
fn frozen_processes_stand_still_and_can_be_killed() {
    let fixture = Fixture::new("freeze", &LinuxResources::default());
    let mut child = fixture.shell("while :; do :; done");
    assert!(!fixture.cgroup.is_frozen().unwrap());
    fixture.cgroup.freeze().unwrap();
    assert!(fixture.cgroup.is_frozen().unwrap());
    let ticks = || fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    let before = ticks();
    let end = std::time::Instant::now() + std::time::Duration::from_millis(60);
    while std::time::Instant::now() < end {
        assert_eq!(before, ticks());
    }
    fixture.cgroup.thaw().unwrap();
    assert!(!fixture.cgroup.is_frozen().unwrap());
    fixture.cgroup.freeze().unwrap();
    fixture.cgroup.kill_all().unwrap();
    assert!(!child.wait().unwrap().success());
}

#[test]
fn too_much_memory_is_killed_and_counted() {
    let fixture = Fixture::new("oom", &memory(8 << 20, 8 << 20));
    assert_eq!(fixture.cgroup.oom_kills().unwrap(), 0);
    let mut child = fixture.shell("exec tail /dev/zero");
    assert!(!child.wait().unwrap().success());
    assert_eq!(fixture.cgroup.oom_kills().unwrap(), 1);
}

#[test]
fn devices_that_are_not_listed_are_refused() {
    let fixture = Fixture::new("devices", &LinuxResources::default());
    let open = |device: &str| fixture.shell(&format!("exec 3<{device}")).wait().unwrap().success();
    assert!(open("/dev/null"));
    assert!(!open("/dev/kmsg"));
    let kmsg = DeviceRule { allow: true, kind: "c".into(), major: Some(1), minor: Some(11), access: "r".into() };
    fixture.cgroup.update(&LinuxResources { devices: vec![kmsg], ..LinuxResources::default() }).unwrap();
    assert!(open("/dev/kmsg"));
}

#[test]
fn nested_groups_go_too() {
    let fixture = Fixture::new("nested", &LinuxResources::default());
    for (_, folder) in fixture.cgroup.folders() {
        fs::create_dir_all(folder.join("a/b")).unwrap();
    }
    fixture.cgroup.delete().unwrap();
    fixture.cgroup.delete().unwrap();
    assert!(Cgroup::open(&fixture.cgroup.path().to_string()).is_err());
}

#[test]
fn a_limit_that_the_host_lacks_names_its_controller_and_leaves_nothing() {
    let name = format!("/knarr-test-{}-lacking", std::process::id());
    let resources =
        LinuxResources { unified: [("nosuch.max".to_owned(), "1".to_owned())].into(), ..Default::default() };
    let error = Cgroup::create(&name, &resources).unwrap_err().to_string();
    assert!(error.contains("nosuch"), "{error}");
    assert!(Cgroup::open(&name).is_err());
    let pids = LinuxResources { pids: Some(Pids { limit: i64::MAX }), ..LinuxResources::default() };
    Cgroup::create(&name, &pids).unwrap_err();
    assert!(Cgroup::open(&name).is_err(), "a failed creation leaves nothing");
}

#[test]
fn the_device_program_passes_the_verifier() {
    let rules = knarr_cgroups::devices::effective(&[]).unwrap();
    knarr_sys::bpf::load_device_program(&knarr_cgroups::devices::program(&rules)).unwrap();
}
