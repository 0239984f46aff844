//! `podman --runtime`.

use crate::world::{Done, World};

/// Limits that the machine has: podman's own default is above what a root without CAP_SYS_RESOURCE may ask for.
const CONF: &str = "[engine]\nevents_logger = \"file\"\n\
                    [containers]\nlog_driver = \"k8s-file\"\ndefault_ulimits = [\"nofile=1000:2000\", \"nproc=1000:2000\"]\n";

/// podman with its data, its state and its settings in a world of its own.
struct Podman {
    world: World,
    runtime: String,
}

impl Podman {
    fn new() -> Self {
        let world = World::new();
        world.write("containers.conf", CONF);
        let (root, run) = (world.file("root"), world.file("run"));
        world.write("storage.conf", &format!("[storage]\ndriver = \"vfs\"\ngraphroot = {root:?}\nrunroot = {run:?}\n"));
        Self { world, runtime: knarr_runtime_cases::Runtime::ours().path() }
    }

    fn run(&self, words: &[&str]) -> Done {
        let tmp = self.world.file("tmp");
        let conf = format!("CONTAINERS_CONF={}", self.world.file("containers.conf"));
        let storage = format!("CONTAINERS_STORAGE_CONF={}", self.world.file("storage.conf"));
        let podman = ["env", &conf, &storage, "podman", "--tmpdir", &tmp];
        let ours = ["--cgroup-manager", "cgroupfs", "--runtime", &self.runtime];
        self.world.run(&[&podman[..], &ours, words].concat())
    }

    fn ok(&self, words: &[&str]) -> String {
        self.run(words).ok()
    }

    /// `podman run` of a program, without a network, on the world's root file system.
    fn container(&self, flags: &[&str], program: &[&str]) -> Done {
        let (parent, root) = (self.world.cgroup_parent(), self.world.file("rootfs"));
        let own = ["run", "--network", "none", "--cgroup-parent", &parent];
        self.run(&[&own[..], flags, &["--rootfs", &root], program].concat())
    }

    fn status(&self, name: &str) -> String {
        self.ok(&["inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", name]).trim().to_owned()
    }
}

#[test]
fn containers_live_and_go() {
    let podman = Podman::new();
    assert_eq!(podman.container(&["--rm"], &["echo", "hello"]).ok(), "hello\n");
    podman.container(&["--detach", "--name", "one", "--memory", "64m"], &["sleep", "1000"]).ok();
    assert_eq!(podman.status("one"), "running 0");
    assert_eq!(podman.ok(&["exec", "one", "echo", "inside"]), "inside\n");
    let told = podman.ok(&[
        "exec",
        "--env",
        "A=b",
        "--workdir",
        "/tmp",
        "--user",
        "5:6",
        "one",
        "sh",
        "-c",
        "id -u; id -g; echo $A $PWD",
    ]);
    assert_eq!(told, "5\n6\nb /tmp\n");
    podman.ok(&["exec", "--detach", "one", "sleep", "500"]);
    assert!(podman.ok(&["exec", "one", "ps"]).contains("sleep 500"));
    podman.ok(&["pause", "one"]);
    assert_eq!(podman.status("one"), "paused 0");
    podman.ok(&["unpause", "one"]);
    podman.ok(&["update", "--memory", "96m", "one"]);
    let limit = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max";
    assert_eq!(podman.ok(&["exec", "one", "sh", "-c", limit]).trim(), (96 << 20).to_string());
    assert!(podman.ok(&["top", "one", "args"]).contains("sleep 1000"));
    podman.ok(&["kill", "--signal", "KILL", "one"]);
    assert_eq!(podman.ok(&["wait", "one"]).trim(), "137");
    podman.ok(&["start", "one"]);
    assert_eq!(podman.status("one"), "running 0");
    podman.ok(&["stop", "--time", "0", "one"]);
    podman.ok(&["rm", "one"]);
    podman.container(&["--detach", "--name", "two"], &["sleep", "1000"]).ok();
    podman.ok(&["rm", "--force", "--time", "0", "two"]);
    assert_eq!(podman.ok(&["ps", "--all", "--quiet"]), "");
}

#[test]
fn exit_codes_say_why_nothing_started() {
    let podman = Podman::new();
    let missing = podman.container(&["--rm"], &["no-such-program"]);
    assert_eq!(missing.code, Some(127), "{}", missing.errors);
    assert!(missing.errors.contains("not found in $PATH"), "{}", missing.errors);
    assert_eq!(podman.container(&["--rm"], &["/etc"]).code, Some(126));
    assert_eq!(podman.container(&["--rm"], &["sh", "-c", "exit 42"]).code, Some(42));
}

#[test]
fn what_is_asked_of_containers_is_there() {
    let podman = Podman::new();
    let users = ["--rm", "--uidmap", "0:100000:65536", "--gidmap", "0:100000:65536"];
    podman.world.root_belongs_to(100_000);
    let map = podman.container(&users, &["cat", "/proc/self/uid_map"]).ok();
    assert_eq!(map.split_whitespace().collect::<Vec<_>>(), ["0", "100000", "65536"]);
    let copied = ["--rm", "--read-only", "--mount", "type=tmpfs,destination=/etc,tmpcopyup"];
    let script = "cat /etc/data; echo; touch /etc/new && echo writable; touch /new 2>/dev/null || echo closed";
    assert_eq!(podman.container(&copied, &["sh", "-c", script]).ok(), "not a program\nwritable\nclosed\n");
    let limits =
        ["--rm", "--ulimit", "nofile=100:200", "--ulimit", "nproc=1000:2000", "--sysctl", "net.ipv4.ip_forward=1"];
    let script = "ulimit -n; cat /proc/sys/net/ipv4/ip_forward";
    assert_eq!(podman.container(&limits, &["sh", "-c", script]).ok(), "100\n1\n");
    let open = ["--rm", "--privileged", "--pid", "host", "--ipc", "host", "--uts", "host"];
    assert_eq!(podman.container(&open, &["sh", "-c", "test -e /dev/kmsg && echo open"]).ok(), "open\n");
    assert_eq!(podman.container(&["--rm", "--tty"], &["tty"]).ok().trim(), "/dev/pts/0");
}
