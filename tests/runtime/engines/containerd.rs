//! containerd with its runc.v2 shim, pointed at our runtime.

use knarr_runtime_cases::until;

use crate::world::{Done, Engine, World};

/// A daemon with its data, its state and its sockets in a world of its own.
struct Containerd {
    /// Ended before its world is.
    _daemon: Engine,
    world: World,
    runtime: String,
}

impl Containerd {
    fn new() -> Self {
        let world = World::new();
        let (root, state, socket) = (world.file("root"), world.file("state"), world.file("c.sock"));
        let config = format!(
            "version = 2\nroot = {root:?}\nstate = {state:?}\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n\
             [grpc]\naddress = {socket:?}\n[ttrpc]\naddress = \"{socket}.ttrpc\"\n"
        );
        let config = world.write("config.toml", &config);
        let answers = || world.run(&["ctr", "--address", &socket, "version"]).code == Some(0);
        let daemon = world.serve(&["containerd", "--config", &config], answers);
        Self { _daemon: daemon, world, runtime: knarr_runtime_cases::Runtime::ours().path() }
    }

    fn run(&self, words: &[&str]) -> Done {
        self.world.run(&[&["ctr", "--address", &self.world.file("c.sock")], words].concat())
    }

    fn ok(&self, words: &[&str]) -> String {
        self.run(words).ok()
    }

    /// `ctr run` of a program on the world's root file system.
    fn container(&self, flags: &[&str], name: &str, program: &[&str]) -> Done {
        let (root, cgroup) = (self.world.file("rootfs"), format!("{}/{name}", self.world.cgroup_parent()));
        let own = ["run", "--runc-binary", &self.runtime, "--cgroup", &cgroup, "--rootfs"];
        self.run(&[&own[..], flags, &[&root, name], program].concat())
    }

    fn status(&self, name: &str) -> String {
        let list = self.ok(&["tasks", "ls"]);
        let line = list.lines().find(|line| line.split_whitespace().next() == Some(name));
        line.and_then(|line| line.split_whitespace().last()).unwrap_or("gone").to_owned()
    }
}

#[test]
fn tasks_live_and_go() {
    let containerd = Containerd::new();
    assert_eq!(containerd.container(&["--rm"], "zero", &["/bin/echo", "hello"]).ok(), "hello\n");
    containerd.container(&["--detach", "--memory-limit", "67108864"], "one", &["/bin/sleep", "1000"]).ok();
    assert_eq!(containerd.status("one"), "RUNNING");
    assert_eq!(containerd.ok(&["tasks", "exec", "--exec-id", "e", "one", "/bin/echo", "inside"]), "inside\n");
    assert_eq!(containerd.run(&["tasks", "exec", "--exec-id", "f", "one", "/bin/sh", "-c", "exit 9"]).code, Some(9));
    assert_eq!(containerd.ok(&["tasks", "ps", "one"]).lines().count(), 2);
    containerd.ok(&["tasks", "pause", "one"]);
    assert_eq!(containerd.status("one"), "PAUSED");
    containerd.ok(&["tasks", "resume", "one"]);
    assert!(containerd.ok(&["tasks", "metrics", "one"]).contains("67108864"));
    containerd.ok(&["tasks", "kill", "--signal", "KILL", "one"]);
    until("stopped", || containerd.status("one") == "STOPPED");
    // Its exit code is the task's in some releases, and 0 in others.
    containerd.run(&["tasks", "rm", "one"]);
    assert_eq!(containerd.status("one"), "gone");
    containerd.ok(&["containers", "rm", "one"]);
    assert_eq!(containerd.ok(&["containers", "ls", "--quiet"]), "");
}

#[test]
fn what_cannot_start_is_told_and_leaves_nothing() {
    let containerd = Containerd::new();
    let missing = containerd.container(&["--rm"], "one", &["no-such-program"]);
    assert_ne!(missing.code, Some(0));
    assert!(missing.errors.contains("not found in $PATH"), "{}", missing.errors);
    let exited = containerd.container(&["--rm"], "two", &["/bin/sh", "-c", "exit 42"]);
    assert_eq!(exited.code, Some(42), "{}", exited.errors);
    assert_eq!(containerd.status("one"), "gone");
    containerd.run(&["containers", "rm", "one"]);
}
