//! What a container's cgroup holds it to. `cargo xtask vm` runs these tests once more on a machine of cgroup version 2 alone.

use std::path::{Path, PathBuf};
use std::time::Duration;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host, wait_for};

const IMAGE: &str = "busybox";

fn host() -> (Host, Client) {
    let host = Host::start().unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, IMAGE).unwrap();
    (host, knarr)
}

fn inspect(client: &Client, format: &str, name: &str) -> String {
    client.ok(&["inspect", "-f", format, name]).unwrap()
}

/// The cgroup of a container's first process, as the machine sees it.
struct Cgroup(String);

impl Cgroup {
    fn of(knarr: &Client, name: &str) -> Self {
        let pid = inspect(knarr, "{{.State.Pid}}", name);
        Self(std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap())
    }

    /// Its folder below the v1 hierarchy of a controller; none where version 2 has the controller.
    fn v1(&self, controller: &str) -> Option<PathBuf> {
        let path = self.0.lines().find_map(|line| line.split_once(&format!(":{controller}:/")))?.1;
        Some(Path::new("/sys/fs/cgroup").join(controller).join(path))
    }

    /// Its folder in the unified tree, which a hybrid machine has beside the others.
    fn v2(&self) -> PathBuf {
        let path = self.0.lines().find_map(|line| line.strip_prefix("0::/")).unwrap();
        let hybrid = Path::new("/sys/fs/cgroup/unified");
        if hybrid.is_dir() { hybrid.join(path) } else { Path::new("/sys/fs/cgroup").join(path) }
    }

    /// A limit: a file of a v1 controller and what it says, or its twin of version 2.
    fn holds(&self, controller: &str, old: (&str, &str), new: (&str, &str)) {
        let (file, expected) = match self.v1(controller) {
            Some(folder) => (folder.join(old.0), old.1),
            None => (self.v2().join(new.0), new.1),
        };
        let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        assert_eq!(text.trim(), expected, "{}", file.display());
    }
}

/// A block device of the machine: its path and its numbers.
fn disk() -> (String, String) {
    let disks = std::fs::read_dir("/sys/block").unwrap().flatten();
    let mut disks = disks.map(|entry| (Path::new("/dev").join(entry.file_name()), entry.path().join("dev")));
    let (node, numbers) = disks.find(|(node, _)| node.exists()).expect("this machine has no block device");
    (node.to_string_lossy().into_owned(), std::fs::read_to_string(numbers).unwrap().trim().to_owned())
}

#[test]
fn every_limit_is_in_the_kernels_files() {
    let (host, knarr) = host();
    let (node, numbers) = disk();
    let rate = |value: &str| format!("{node}:{value}");
    let flags = ["-m", "64m", "--memory-swap", "96m", "--memory-reservation", "32m", "--cpu-shares", "512"];
    let more = ["--cpus", "0.5", "--cpuset-cpus", "0", "--cpuset-mems", "0", "--pids-limit", "20"];
    let (read, write) = (rate("1mb"), rate("100"));
    let blocks = ["--device-read-bps", &read, "--device-write-iops", &write];
    knarr
        .ok(&[&["run", "-d", "--name", "held"], &flags[..], &more, &blocks, &[IMAGE, "sleep", "1000"]].concat())
        .unwrap();
    let cgroup = Cgroup::of(&knarr, "held");
    cgroup.holds("memory", ("memory.limit_in_bytes", "67108864"), ("memory.max", "67108864"));
    cgroup.holds("memory", ("memory.memsw.limit_in_bytes", "100663296"), ("memory.swap.max", "33554432"));
    cgroup.holds("memory", ("memory.soft_limit_in_bytes", "33554432"), ("memory.low", "33554432"));
    cgroup.holds("cpu", ("cpu.shares", "512"), ("cpu.weight", "59"));
    cgroup.holds("cpu", ("cpu.cfs_quota_us", "50000"), ("cpu.max", "50000 100000"));
    cgroup.holds("cpuset", ("cpuset.cpus", "0"), ("cpuset.cpus", "0"));
    cgroup.holds("cpuset", ("cpuset.mems", "0"), ("cpuset.mems", "0"));
    cgroup.holds("pids", ("pids.max", "20"), ("pids.max", "20"));
    let bytes = format!("{numbers} 1048576");
    let both = format!("{numbers} rbps=1048576 wbps=max riops=max wiops=100");
    cgroup.holds("blkio", ("blkio.throttle.read_bps_device", &bytes), ("io.max", &both));
    let operations = format!("{numbers} 100");
    cgroup.holds("blkio", ("blkio.throttle.write_iops_device", &operations), ("io.max", &both));

    knarr.ok(&["update", "-m", "128m", "--memory-swap", "128m", "--cpus", "1", "--pids-limit", "40", "held"]).unwrap();
    cgroup.holds("memory", ("memory.limit_in_bytes", "134217728"), ("memory.max", "134217728"));
    cgroup.holds("memory", ("memory.memsw.limit_in_bytes", "134217728"), ("memory.swap.max", "0"));
    cgroup.holds("cpu", ("cpu.cfs_quota_us", "100000"), ("cpu.max", "100000 100000"));
    cgroup.holds("pids", ("pids.max", "40"), ("pids.max", "40"));
    host.finish().unwrap();
}

#[test]
fn limits_hold() {
    let (host, knarr) = host();
    let flags = ["-m", "32m", "--cpus", "0.1", "--cpuset-cpus", "0", "--pids-limit", "20"];
    knarr.ok(&[&["run", "-d", "--name", "held"], &flags[..], &[IMAGE, "sleep", "1000"]].concat()).unwrap();
    let cgroup = Cgroup::of(&knarr, "held");
    // Where only memory is limited, as much swap is allowed again.
    cgroup.holds("memory", ("memory.memsw.limit_in_bytes", "67108864"), ("memory.swap.max", "33554432"));
    let stats =
        knarr.ok(&["stats", "--no-stream", "--format", "{{.MemUsage}} {{.PIDs}} {{.CPUPerc}}", "held"]).unwrap();
    assert!(stats.contains("/ 32MiB 1 "), "{stats}");
    let inside = |script: &str| knarr.run(&["exec", "held", "sh", "-c", script]).unwrap();
    assert_eq!(inside("nproc").stdout, "1\n");
    let spent = inside("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done");
    assert_eq!(spent.code, 0, "{spent:?}");
    let times = cgroup.v1("cpu").unwrap_or_else(|| cgroup.v2()).join("cpu.stat");
    let throttled = std::fs::read_to_string(times).unwrap();
    let throttled = throttled.lines().find_map(|line| line.strip_prefix("nr_throttled ")).unwrap();
    assert_ne!(throttled, "0", "a tenth of a cpu was never used up");
    let bomb = inside("i=0; while [ $i -lt 40 ]; do sleep 1000 >/dev/null 2>&1 & i=$((i+1)); done");
    assert!(bomb.stderr.contains("can't fork"), "{bomb:?}");
    host.finish().unwrap();
}

#[test]
fn want_of_memory_is_reported() {
    let (host, knarr) = host();
    let limit = ["-m", "8m", "--memory-swap", "8m"];
    let eat = "head -c 100m /dev/zero | tail";
    let code = |name: &str, script: &str| {
        knarr.run(&[&["run", "--name", name], &limit[..], &[IMAGE, "sh", "-c", script]].concat()).unwrap().code
    };
    assert_eq!(code("eater", &format!("exec {eat}")), 137);
    assert_eq!(inspect(&knarr, "{{.State.OOMKilled}} {{.State.ExitCode}}", "eater"), "true 137");
    // A child's end is not the container's, and is told all the same.
    assert_eq!(code("parent", &format!("({eat}); exit 3")), 3);
    assert_eq!(inspect(&knarr, "{{.State.OOMKilled}} {{.State.ExitCode}}", "parent"), "true 3");
    assert_eq!(code("modest", "exit 137"), 137);
    assert_eq!(inspect(&knarr, "{{.State.OOMKilled}} {{.State.ExitCode}}", "modest"), "false 137");
    host.finish().unwrap();
}

#[test]
fn devices_are_refused_until_they_are_given() {
    let (host, knarr) = host();
    // A node may be made of any device: memory, a loop device, the kernel's messages, fuse. None may be opened.
    let make = "for n in 'c 1 1' 'b 7 0' 'c 1 11' 'c 10 229'; do rm -f /d; mknod /d $n; (exec 3</d) 2>&1 | sed 's/.*: //'; done";
    let refused = knarr.ok(&["run", "--rm", "--cap-add", "MKNOD", IMAGE, "sh", "-c", make]).unwrap();
    assert_eq!(refused, ["Operation not permitted"; 4].join("\n"));
    let read = "(exec 3</dev/kmsg) && echo read; (exec 3>/dev/kmsg) 2>&1 | sed 's/.*: //'";
    // Reading the kernel's messages takes a capability too; writing does not.
    let given = |flags: &[&str], script: &str| {
        let run = [&["run", "--rm", "--cap-add", "SYSLOG"], flags, &[IMAGE, "sh", "-c", script]].concat();
        assert_eq!(knarr.ok(&run).unwrap(), "read\nOperation not permitted", "{flags:?}");
    };
    given(&["--device", "/dev/kmsg:/dev/kmsg:r"], read);
    given(&["--cap-add", "MKNOD", "--device-cgroup-rule", "c 1:11 r"], &format!("mknod /dev/kmsg c 1 11; {read}"));
    assert_eq!(
        knarr.ok(&["run", "--rm", "--privileged", IMAGE, "sh", "-c", "exec 3</dev/kmsg && echo read"]).unwrap(),
        "read"
    );
    let usual = "for d in null zero full random urandom tty ptmx; do [ -c /dev/$d ] || echo $d; done; echo x > /dev/null; head -c 1 /dev/urandom | wc -c";
    assert_eq!(knarr.ok(&["run", "--rm", IMAGE, "sh", "-c", usual]).unwrap(), "1");
    host.finish().unwrap();
}

#[test]
fn the_paused_stand_still_and_can_be_removed() {
    let (host, knarr) = host();
    knarr.ok(&["run", "-d", "--name", "still", IMAGE, "sleep", "1000"]).unwrap();
    let events = Cgroup::of(&knarr, "still").v2().join("cgroup.events");
    let is_frozen = || std::fs::read_to_string(&events).unwrap().contains("frozen 1");
    assert!(!is_frozen());
    knarr.ok(&["pause", "still"]).unwrap();
    assert!(is_frozen());
    assert_eq!(inspect(&knarr, "{{.State.Status}}", "still"), "paused");
    assert!(knarr.fails(&["exec", "still", "true"]).unwrap().stderr.contains("is paused"));
    knarr.ok(&["unpause", "still"]).unwrap();
    assert!(!is_frozen());
    knarr.ok(&["pause", "still"]).unwrap();
    knarr.ok(&["rm", "-f", "still"]).unwrap();
    host.finish().unwrap();
}

#[test]
fn no_process_outlives_its_container() {
    let (host, knarr) = host();
    let mark = format!("1{}", std::process::id());
    let script = format!("trap '' TERM; setsid sleep {mark} & exec sleep 1000");
    let alive = || {
        let lines = std::fs::read_dir("/proc").unwrap().flatten();
        lines
            .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
            .filter(|line| line == format!("sleep\0{mark}\0").as_bytes())
            .count()
    };
    // Without a pid namespace of its own, only the cgroup knows who belongs to it.
    for end in [&["kill", "family"][..], &["stop", "-t", "0", "family"], &["rm", "-f", "family"]] {
        knarr.ok(&["run", "-d", "--pid", "host", "--name", "family", IMAGE, "sh", "-c", &script]).unwrap();
        wait_for("the child runs", Duration::from_secs(20), || alive() == 1).unwrap();
        knarr.ok(end).unwrap();
        wait_for("the child is gone", Duration::from_secs(20), || alive() == 0).unwrap();
        let _ = knarr.run(&["rm", "-f", "family"]);
    }
    host.finish().unwrap();
}
