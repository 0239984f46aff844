//! A bundle on a temporary folder with a busybox root, run by the runtime as its own program. What a test made is
//! removed when it ends, and then nothing of it may be left.
#![allow(dead_code)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use knarr_spec::{Spec, State};
use tempfile::TempDir;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_knarr-runtime");

/// Programs of the root's `/bin`.
const APPLETS: &[&str] = &[
    "sh", "true", "cat", "id", "ls", "sleep", "stat", "test", "touch", "mkdir", "grep", "readlink", "echo", "hostname",
    "mount", "umount", "ps", "kill", "stty", "tty", "env", "pwd", "mknod", "dd", "wc", "sort", "head", "unshare",
    "chmod", "cut", "uniq", "tail", "seq",
];

/// Lists the shell's own descriptors, without opening one.
pub const DESCRIPTORS: &str = "for n in $(seq 0 99); do test -L /proc/$$/fd/$n && echo $n; done; true";

/// A bundle and the folder of its records.
pub struct Bundle {
    folder: TempDir,
    /// The document, written before each run.
    pub spec: Spec,
    id: String,
}

impl Bundle {
    /// A bundle that runs `script` in a shell.
    pub fn shell(script: &str) -> Self {
        Self::program(&["/bin/sh", "-c", script])
    }

    /// A bundle that runs a program.
    pub fn program(args: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let id = format!("krt-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = tempfile::Builder::new().prefix("knarr-runtime-").tempdir().unwrap();
        make_root(&folder.path().join("rootfs"));
        let mut spec = knarr_runtime::example_spec();
        let process = spec.process.as_mut().unwrap();
        process.args = args.iter().map(|arg| (*arg).to_owned()).collect();
        spec.root.as_mut().unwrap().readonly = false;
        spec.linux.as_mut().unwrap().cgroups_path = format!("/knarr-test/{id}");
        Self { folder, spec, id }
    }

    /// The container's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The bundle's folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The root file system.
    pub fn rootfs(&self) -> PathBuf {
        self.path().join("rootfs")
    }

    /// The folder of the records.
    pub fn records(&self) -> PathBuf {
        self.path().join("records")
    }

    /// The process of the document.
    pub fn process(&mut self) -> &mut knarr_spec::Process {
        self.spec.process.as_mut().unwrap()
    }

    /// The Linux part of the document.
    pub fn linux(&mut self) -> &mut knarr_spec::Linux {
        self.spec.linux.as_mut().unwrap()
    }

    /// The capabilities of the process, in the three sets that count.
    pub fn capabilities(&mut self, names: &[&str]) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        self.process().capabilities = Some(knarr_spec::Capabilities {
            bounding: names.clone(),
            effective: names.clone(),
            permitted: names,
            ..Default::default()
        });
    }

    /// A command of the runtime; words before the verb are there already.
    pub fn command(&self, words: &[&str]) -> Command {
        fs::write(self.path().join("config.json"), serde_json::to_vec(&self.spec).unwrap()).unwrap();
        let mut command = Command::new(PROGRAM);
        command.arg("--root").arg(self.records()).arg("--log").arg(self.log()).args(["--log-format", "json"]);
        command.args(words).stdin(Stdio::null());
        command
    }

    /// The file of `--log`.
    pub fn log(&self) -> PathBuf {
        self.path().join("log.json")
    }

    /// Runs a verb to its end.
    pub fn verb(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Runs a verb that must succeed; gives its output.
    pub fn ok(&self, words: &[&str]) -> String {
        let output = self.verb(words);
        assert!(output.status.success(), "{words:?}: {}", self.said(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a verb that leaves a process in the background, which must not hold our pipes.
    pub fn background(&self, words: &[&str]) {
        let log = fs::File::create(self.path().join("stdio")).unwrap();
        let mut command = self.command(words);
        let status = command.stdout(log.try_clone().unwrap()).stderr(log).status().unwrap();
        assert!(status.success(), "{words:?}: {}", fs::read_to_string(self.path().join("stdio")).unwrap());
    }

    /// What a verb said, to its log and to standard error, which is the container's.
    pub fn said(&self, output: &Output) -> String {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let messages: Vec<String> = lines.filter_map(|line| line["msg"].as_str().map(str::to_owned)).collect();
        format!("{}{}", messages.last().cloned().unwrap_or_default(), String::from_utf8_lossy(&output.stderr))
    }

    /// Runs a verb that must fail; gives what it says.
    pub fn refused(&self, words: &[&str]) -> String {
        let output = self.verb(words);
        assert!(!output.status.success(), "{words:?} succeeded");
        self.said(&output)
    }

    /// Runs the container in the foreground.
    pub fn run(&self) -> Output {
        self.verb(&["run", "--bundle", self.path().to_str().unwrap(), &self.id])
    }

    /// Runs the container in the foreground; it must succeed. Gives its output.
    pub fn output(&self) -> String {
        self.ok(&["run", "--bundle", self.path().to_str().unwrap(), &self.id])
    }

    /// Starts the container in the background.
    pub fn start(&self) {
        self.background(&["run", "--detach", "--bundle", self.path().to_str().unwrap(), &self.id]);
    }

    /// Runs a program inside.
    pub fn exec(&self, words: &[&str]) -> Output {
        let words: Vec<&str> = ["exec", &self.id].iter().chain(words).copied().collect();
        self.verb(&words)
    }

    /// Runs a shell script inside; it must succeed. Gives its output.
    pub fn exec_shell(&self, script: &str) -> String {
        let output = self.exec(&["/bin/sh", "-c", script]);
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The state.
    pub fn state(&self) -> State {
        serde_json::from_str(&self.ok(&["state", &self.id])).unwrap()
    }

    /// Starts the container in the foreground without waiting for it.
    pub fn spawn(&self) -> Child {
        let bundle = self.path().to_str().unwrap().to_owned();
        self.command(&["run", "--bundle", &bundle, &self.id])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Fails when something of the container is left on the host.
    pub fn assert_nothing_left(&self) {
        let left: Vec<_> = cgroup_folders(&self.id).into_iter().filter(|folder| folder.exists()).collect();
        assert!(left.is_empty(), "cgroups are left: {left:?}");
        assert!(!self.records().join(&self.id).exists(), "a record is left");
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        assert!(!mounts.contains(self.path().to_str().unwrap()), "a mount is left");
    }
}

impl Drop for Bundle {
    fn drop(&mut self) {
        let deleted = self.verb(&["delete", "--force", &self.id]);
        if !std::thread::panicking() {
            assert!(deleted.status.success(), "{}", String::from_utf8_lossy(&deleted.stderr));
            self.assert_nothing_left();
        }
        let _others_still_run = knarr_cgroups::Cgroup::remove_if_empty("/knarr-test");
    }
}

/// Where a test container's cgroup lies in each hierarchy.
pub fn cgroup_folders(id: &str) -> Vec<PathBuf> {
    let layout = knarr_cgroups::Layout::host().unwrap();
    layout.hierarchies.iter().map(|hierarchy| hierarchy.mount.join("knarr-test").join(id)).collect()
}

/// A root file system with busybox and a few users.
pub fn make_root(root: &Path) {
    for folder in ["bin", "etc", "proc", "sys", "dev", "tmp", "root", "home/alice"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::copy("/bin/busybox", root.join("bin/busybox")).unwrap();
    for applet in APPLETS {
        symlink("busybox", root.join("bin").join(applet)).unwrap();
    }
    let users = "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n";
    fs::write(root.join("etc/passwd"), users).unwrap();
    fs::write(root.join("etc/data"), "not a program").unwrap();
}

/// The value of a line of `/proc/self/status`.
pub fn status_field(text: &str, name: &str) -> String {
    let line = text.lines().find(|line| line.starts_with(&format!("{name}:")));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).split_once(':').unwrap().1.trim().to_owned()
}

/// A bind mount on the host, taken away when it is dropped.
pub struct TemporaryMount(PathBuf);

impl TemporaryMount {
    /// Binds `source` at `place`.
    pub fn bind(source: &Path, place: &Path) -> Self {
        rustix::mount::mount_bind(source, place).unwrap();
        Self(place.to_owned())
    }
}

impl Drop for TemporaryMount {
    fn drop(&mut self) {
        rustix::mount::unmount(&self.0, rustix::mount::UnmountFlags::DETACH).unwrap();
    }
}
