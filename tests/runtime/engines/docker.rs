//! `dockerd --add-runtime`.

use std::process::Command;

use crate::world::{Done, Engine, World};

/// A daemon whose default runtime is ours, without a bridge and without rules.
struct Docker {
    /// Ended before its world is.
    _daemon: Engine,
    world: World,
}

impl Docker {
    fn new() -> Self {
        let world = World::new();
        let runtime = format!("knarr={}", knarr_runtime_cases::Runtime::ours().path());
        let socket = format!("unix://{}", world.file("docker.sock"));
        let (data, exec, pid) = (world.file("data"), world.file("exec"), world.file("docker.pid"));
        let config = world.write("daemon.json", "{}");
        let words = [
            "dockerd",
            "--config-file",
            &config,
            "--host",
            &socket,
            "--data-root",
            &data,
            "--exec-root",
            &exec,
            "--pidfile",
            &pid,
            "--add-runtime",
            &runtime,
            "--default-runtime",
            "knarr",
            "--cgroup-parent",
            &world.cgroup_parent(),
            "--storage-driver",
            "vfs",
            "--bridge",
            "none",
            "--iptables=false",
            "--ip6tables=false",
            "--ip-forward=false",
            "--ip-masq=false",
        ];
        let answers = || world.run(&["docker", "--host", &socket, "version"]).code == Some(0);
        let daemon = world.serve(&words, answers);
        let docker = Self { _daemon: daemon, world };
        docker.import();
        docker
    }

    fn import(&self) {
        let (tar, root) = (self.world.file("image.tar"), self.world.file("rootfs"));
        assert!(Command::new("tar").args(["-C", &root, "-cf", &tar, "."]).status().unwrap().success());
        self.ok(&["import", &tar, "image"]);
    }

    fn run(&self, words: &[&str]) -> Done {
        let socket = format!("unix://{}", self.world.file("docker.sock"));
        self.world.run(&[&["docker", "--host", &socket], words].concat())
    }

    fn ok(&self, words: &[&str]) -> String {
        self.run(words).ok()
    }

    /// `docker run` of a program, without a network.
    fn container(&self, flags: &[&str], program: &[&str]) -> Done {
        self.in_network("none", flags, program)
    }

    fn in_network(&self, network: &str, flags: &[&str], program: &[&str]) -> Done {
        self.run(&[&["run", "--network", network], flags, &["image"], program].concat())
    }

    fn status(&self, name: &str) -> String {
        self.ok(&["inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", name]).trim().to_owned()
    }
}

#[test]
fn containers_live_and_go() {
    let docker = Docker::new();
    assert_eq!(docker.ok(&["info", "--format", "{{.DefaultRuntime}}"]), "knarr\n");
    assert_eq!(docker.container(&["--rm"], &["echo", "hello"]).ok(), "hello\n");
    docker.container(&["--detach", "--name", "one", "--memory", "64m", "--pids-limit", "50"], &["sleep", "1000"]).ok();
    assert_eq!(docker.ok(&["inspect", "--format", "{{.HostConfig.Runtime}}", "one"]), "knarr\n");
    assert_eq!(docker.ok(&["exec", "one", "echo", "inside"]), "inside\n");
    let told = docker.ok(&[
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
    assert_eq!(docker.run(&["exec", "one", "sh", "-c", "exit 9"]).code, Some(9));
    docker.ok(&["exec", "--detach", "one", "sleep", "500"]);
    assert!(docker.ok(&["top", "one"]).contains("sleep 500"));
    docker.ok(&["pause", "one"]);
    assert_eq!(docker.status("one"), "paused 0");
    docker.ok(&["unpause", "one"]);
    docker.ok(&["update", "--memory", "96m", "--memory-swap", "96m", "one"]);
    assert!(docker.ok(&["stats", "--no-stream", "--format", "{{.MemUsage}}", "one"]).contains("/ 96MiB"));
    docker.ok(&["kill", "--signal", "KILL", "one"]);
    assert_eq!(docker.ok(&["wait", "one"]).trim(), "137");
    docker.ok(&["start", "one"]);
    assert_eq!(docker.status("one"), "running 0");
    docker.ok(&["restart", "--time", "0", "one"]);
    docker.ok(&["stop", "--time", "0", "one"]);
    docker.ok(&["rm", "one"]);
    docker.container(&["--detach", "--name", "two"], &["sleep", "1000"]).ok();
    docker.ok(&["rm", "--force", "two"]);
    assert_eq!(docker.ok(&["ps", "--all", "--quiet"]), "");
}

#[test]
fn exit_codes_say_why_nothing_started() {
    let docker = Docker::new();
    let missing = docker.container(&["--rm"], &["no-such-program"]);
    assert_eq!(missing.code, Some(127), "{}", missing.errors);
    assert!(missing.errors.contains("not found in $PATH"), "{}", missing.errors);
    assert_eq!(docker.container(&["--rm"], &["/etc"]).code, Some(126));
    assert_eq!(docker.container(&["--rm"], &["sh", "-c", "exit 42"]).code, Some(42));
}

#[test]
fn what_is_asked_of_containers_is_there() {
    let docker = Docker::new();
    let closed = ["--rm", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"];
    let script = "touch /tmp/x && echo writable; touch /x 2>/dev/null || echo closed; grep -c '^CapEff:.*0000$' /proc/self/status";
    assert_eq!(docker.container(&closed, &["sh", "-c", script]).ok(), "writable\nclosed\n1\n");
    let limits = ["--rm", "--ulimit", "nofile=100:200", "--sysctl", "net.ipv4.ip_forward=1", "--hostname", "named"];
    let script = "ulimit -n; cat /proc/sys/net/ipv4/ip_forward; hostname";
    assert_eq!(docker.container(&limits, &["sh", "-c", script]).ok(), "100\n1\nnamed\n");
    // Not --privileged: this release asks for all capabilities that there are, which a root that lacks one cannot give.
    let open = ["--rm", "--device", "/dev/kmsg", "--pid", "host", "--ipc", "host"];
    assert_eq!(docker.in_network("host", &open, &["sh", "-c", "test -e /dev/kmsg && echo open"]).ok(), "open\n");
    assert_eq!(docker.container(&["--rm", "--tty"], &["tty"]).ok().trim(), "/dev/pts/0");
    let filtered = docker.container(&["--rm", "--cap-add", "SYS_CHROOT"], &["grep", "Seccomp:", "/proc/self/status"]);
    assert_eq!(filtered.ok().split_whitespace().last(), Some("2"));
    docker.container(&["--detach", "--name", "owner", "--ipc", "shareable"], &["sleep", "1000"]).ok();
    let joined = ["--rm", "--pid", "container:owner", "--ipc", "container:owner"];
    assert!(docker.in_network("container:owner", &joined, &["ps"]).ok().contains("sleep 1000"));
    docker.ok(&["rm", "--force", "owner"]);
}
