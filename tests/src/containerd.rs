//! A private containerd, whose containers run under knarr's shim.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use crate::process::{Running, knarr_binary, wait_for};
use crate::{Ledger, Output, base};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// The runtime, by the name under which containerd finds the shim.
pub const RUNTIME: &str = "io.containerd.knarr.v2";
/// The image that every private containerd has.
pub const IMAGE: &str = "docker.io/knarr/busybox:1";

/// containerd with its own root, state, socket and namespace, and with our shim in its PATH.
pub struct Containerd {
    folder: TempDir,
    namespace: String,
    daemon: Option<Running>,
}

impl Containerd {
    /// Starts one, with the image.
    pub fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("knarr-e2e-").tempdir()?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("kc{}-{number:02}", std::process::id());
        let mut containerd = Self { folder, namespace, daemon: None };
        let programs = containerd.path().join("bin");
        std::fs::create_dir(&programs)?;
        std::os::unix::fs::symlink(knarr_binary(), programs.join("containerd-shim-knarr-v2"))?;
        std::fs::write(containerd.path().join("config.toml"), containerd.config())?;
        containerd.resume()?;
        let image = base::busybox_archive(IMAGE)?;
        containerd.ok(&["images", "import", &image.to_string_lossy()])?;
        Ok(containerd)
    }

    /// The temporary folder everything is in.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Its namespace, which is also the parent of its containers' cgroups.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The bundle of a task.
    pub fn bundle(&self, id: &str) -> PathBuf {
        self.path().join("state/io.containerd.runtime.v2.task").join(&self.namespace).join(id)
    }

    /// The pid of the shim that a task's start has made.
    pub fn shim(&self, id: &str) -> Result<u32> {
        Ok(std::fs::read_to_string(self.bundle(id).join("shim.pid"))?.parse()?)
    }

    fn socket(&self) -> PathBuf {
        self.path().join("c.sock")
    }

    fn config(&self) -> String {
        let disabled = ["grpc.v1.cri", "internal.v1.opt", "snapshotter.v1.btrfs", "snapshotter.v1.zfs"];
        let disabled: Vec<String> = disabled.iter().map(|name| format!("\"io.containerd.{name}\"")).collect();
        let folder = self.path().display();
        format!(
            "version = 2\nroot = \"{folder}/root\"\nstate = \"{folder}/state\"\ndisabled_plugins = [{}]\n\
             [grpc]\naddress = \"{folder}/c.sock\"\n[ttrpc]\naddress = \"{folder}/c.sock.ttrpc\"\n",
            disabled.join(", ")
        )
    }

    /// Starts the daemon (again), and waits until it answers.
    pub fn resume(&mut self) -> Result<()> {
        let log = std::fs::File::options().create(true).append(true).open(self.path().join("log"))?;
        let mut command = Command::new("containerd");
        command.args(["--log-level", "warn", "--config"]).arg(self.path().join("config.toml"));
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.path().join("bin").display()));
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        self.daemon = Some(Running::start(&mut command)?);
        let answers =
            || UnixStream::connect(self.socket()).is_ok() && self.run(&["version"]).is_ok_and(|o| o.code == 0);
        wait_for("containerd answers", Duration::from_secs(30), answers).with_context(|| self.log())
    }

    /// kill -9.
    pub fn kill(&mut self) -> Result<()> {
        self.daemon.take().context("containerd does not run")?.kill()
    }

    /// What it and its shims have logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path().join("log")).unwrap_or_default()
    }

    /// `ctr` in its namespace.
    pub fn ctr(&self, args: &[&str]) -> Command {
        let mut command = Command::new("ctr");
        command.arg("--address").arg(self.socket()).args(["--namespace", &self.namespace]).args(args);
        command.stdin(Stdio::null());
        command
    }

    /// `ctr run` under our shim.
    pub fn ctr_run(&self, args: &[&str]) -> Command {
        let fifos = self.path().join("fifo").to_string_lossy().into_owned();
        self.ctr(&[&["run", "--runtime", RUNTIME, "--fifo-dir", &fifos], args].concat())
    }

    /// Runs `ctr`, however it ends.
    pub fn run(&self, args: &[&str]) -> Result<Output> {
        Output::of(&mut self.ctr(args))
    }

    /// Runs `ctr`, and must succeed; its trimmed standard output.
    pub fn ok(&self, args: &[&str]) -> Result<String> {
        let output = self.run(args)?;
        if output.code != 0 {
            bail!("ctr {args:?} ended with {}:\n{}{}", output.code, output.stdout, output.stderr);
        }
        Ok(output.stdout.trim_end().to_owned())
    }

    /// Starts a container that runs `script` in the background.
    pub fn background(&self, id: &str, flags: &[&str], script: &str) -> Result<()> {
        let args = [&["-d", "--null-io"], flags, &[IMAGE, id, "sh", "-c", script]].concat();
        let output = Output::of(&mut self.ctr_run(&args))?;
        if output.code == 0 { Ok(()) } else { bail!("ctr run {args:?}: {}", output.stderr) }
    }

    /// The state of a task as `ctr tasks ls` has it; none when there is no such task.
    pub fn status(&self, id: &str) -> Result<Option<String>> {
        let table = self.ok(&["tasks", "ls"])?;
        let row = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        Ok(row
            .into_iter()
            .find(|row| row.first() == Some(&id))
            .and_then(|row| row.last().map(|word| (*word).to_owned())))
    }

    /// Waits until a task is in a state.
    pub fn must_become(&self, id: &str, status: &str) -> Result<()> {
        let what = format!("task {id} becomes {status}");
        wait_for(&what, Duration::from_secs(20), || self.status(id).is_ok_and(|now| now.as_deref() == Some(status)))
    }

    /// Waits for a task's end, deletes it and its container, and gives its exit code.
    pub fn end(&self, id: &str) -> Result<i32> {
        self.must_become(id, "STOPPED")?;
        let output = self.run(&["tasks", "delete", id])?;
        self.ok(&["containers", "delete", id])?;
        // `ctr` only says it where it is not 0.
        let said = output.stderr.split("exit code ").nth(1).map(|rest| rest.trim_end_matches(['"', '\n']));
        said.map_or(Ok(0), |code| code.parse().with_context(|| output.stderr.clone()))
    }

    /// Ends containerd, and fails where it or a shim leaves something behind. All containers must be gone.
    pub fn finish(mut self) -> Result<()> {
        let left = self.ok(&["containers", "ls", "-q"])?;
        if !left.is_empty() {
            bail!("containers are left: {left}");
        }
        self.daemon.take().context("containerd does not run")?.terminate(Duration::from_secs(20))?;
        self.remove_cgroups();
        Ledger::must_settle_to(&Ledger::empty(), || Ledger::of_host(&self.namespace, self.path()))
    }

    /// The cgroup of a namespace is containerd's to make and nobody's to remove.
    fn remove_cgroups(&self) {
        for hierarchy in std::fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten() {
            let _ = std::fs::remove_dir(hierarchy.path().join(&self.namespace));
        }
        let _ = std::fs::remove_dir(Path::new("/sys/fs/cgroup").join(&self.namespace));
    }
}

impl Drop for Containerd {
    fn drop(&mut self) {
        let Some(mut daemon) = self.daemon.take() else { return };
        if std::thread::panicking() {
            eprintln!("--- log of containerd:\n{}", self.log());
        }
        let tasks = self.run(&["tasks", "ls", "-q"]).map(|output| output.stdout).unwrap_or_default();
        for task in tasks.split_whitespace() {
            let _ = self.run(&["tasks", "delete", "--force", task]);
        }
        let _ = daemon.terminate(Duration::from_secs(10));
        self.remove_cgroups();
    }
}
