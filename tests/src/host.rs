//! A private daemon.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use crate::process::{Running, knarr_binary, processes_with, wait_for};
use crate::{Client, Http, Ledger};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A daemon with its own roots, socket, bridge, cgroup parent and client configuration: a machine's worth of knarr.
pub struct Host {
    folder: TempDir,
    data_root: PathBuf,
    bridge: String,
    /// The daemon's program, with what comes before it.
    command: Vec<PathBuf>,
    flags: Vec<String>,
    daemon: Option<Running>,
}

impl Host {
    /// Starts a daemon.
    pub fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// Starts a daemon with more flags.
    pub fn start_with(flags: &[&str]) -> Result<Self> {
        Self::begin(None, vec![knarr_binary()], flags)
    }

    /// Starts a daemon whose program is this one.
    pub fn start_by(program: &Path) -> Result<Self> {
        Self::begin(None, vec![program.to_owned()], &[])
    }

    /// Starts a daemon by a command that becomes the one behind its words.
    pub fn start_through(words: &[&str]) -> Result<Self> {
        let words = words.iter().map(PathBuf::from);
        Self::begin(None, words.chain([knarr_binary()]).collect(), &[])
    }

    /// Starts a daemon that keeps its data elsewhere than the rest of the host.
    pub fn start_on(data_root: &Path) -> Result<Self> {
        Self::begin(Some(data_root), vec![knarr_binary()], &[])
    }

    fn begin(data_root: Option<&Path>, command: Vec<PathBuf>, flags: &[&str]) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("knarr-e2e-").tempdir()?;
        let data_root = data_root.map_or_else(|| folder.path().join("data"), Path::to_owned);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // Two digits: no name is the beginning of another one's, which the ledger would take for its own.
        let bridge = format!("kt{}-{number:02}", std::process::id());
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let mut host = Self { folder, data_root, bridge, command, flags, daemon: None };
        std::fs::create_dir(host.path().join("client"))?;
        host.resume()?;
        Ok(host)
    }

    /// The temporary folder everything of this host is in.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The daemon's socket.
    pub fn socket(&self) -> PathBuf {
        self.path().join("knarr.sock")
    }

    /// The daemon's data root.
    pub fn data_root(&self) -> PathBuf {
        self.data_root.clone()
    }

    /// The bridge's name.
    pub fn bridge(&self) -> &str {
        &self.bridge
    }

    /// The daemon's pid.
    pub fn pid(&self) -> u32 {
        self.daemon.as_ref().map_or(0, Running::pid)
    }

    /// The daemon's resident memory in bytes.
    pub fn resident(&self) -> Result<u64> {
        self.daemon.as_ref().context("no daemon runs")?.resident()
    }

    /// Our command line.
    pub fn knarr(&self) -> Client {
        Client::knarr(&self.socket(), &self.path().join("client"))
    }

    /// Docker's command line.
    pub fn docker(&self) -> Client {
        Client::docker(&self.socket(), &self.path().join("client"))
    }

    /// A raw client of the API.
    pub fn http(&self) -> Http {
        Http::new(&self.socket())
    }

    /// The command that starts this host's daemon.
    pub fn daemon_command(&self) -> Result<Command> {
        let log = std::fs::File::options().create(true).append(true).open(self.log_path())?;
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).arg("daemon").arg("--data-root").arg(self.data_root());
        command.arg("--exec-root").arg(self.path().join("run"));
        command.arg("--host").arg(format!("unix://{}", self.socket().display()));
        command.args(["--bridge", &self.bridge, "--cgroup-parent", &format!("/{}", self.bridge)]);
        command.args(&self.flags);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(command)
    }

    /// Starts the daemon (again), and waits until it answers.
    pub fn resume(&mut self) -> Result<()> {
        let command = self.daemon_command()?;
        self.answer(command)
    }

    /// Starts the daemon (again) so that it, or its shims, die at a failpoint.
    pub fn resume_to_die_at(&mut self, failpoint: &str) -> Result<()> {
        let mut command = self.daemon_command()?;
        command.env("KNARR_FAILPOINT", failpoint);
        self.answer(command)
    }

    /// Starts the daemon (again) so that its disk answers a failpoint with an error number, for as long as the file `while_there` is there.
    pub fn resume_to_fail_at(&mut self, failpoint: &str, number: i32, while_there: &Path) -> Result<()> {
        let mut command = self.daemon_command()?;
        command.env("KNARR_FAILPOINT", format!("{failpoint}={number}@{}", while_there.display()));
        self.answer(command)
    }

    fn answer(&mut self, mut command: Command) -> Result<()> {
        let mut daemon = Running::start(&mut command)?;
        let socket = self.socket();
        let mut died = None;
        let answers = wait_for("the daemon answers", Duration::from_secs(60), || {
            died = daemon.ended().ok().flatten();
            died.is_some() || std::os::unix::net::UnixStream::connect(&socket).is_ok()
        });
        if let Some(status) = died {
            bail!("the daemon ended with {status}:\n{}", self.log());
        }
        answers.with_context(|| self.log())?;
        self.daemon = Some(daemon);
        Ok(())
    }

    /// Sends a signal to the daemon.
    pub fn signal_daemon(&self, signal: rustix::process::Signal) -> Result<()> {
        self.daemon.as_ref().context("no daemon runs")?.signal(signal)
    }

    /// kill -9 of the daemon.
    pub fn kill_daemon(&mut self) -> Result<()> {
        self.daemon.take().context("no daemon runs")?.kill()
    }

    /// Whether the daemon has died.
    pub fn daemon_is_dead(&mut self) -> Result<bool> {
        Ok(self.daemon.as_mut().context("no daemon runs")?.ended()?.is_some())
    }

    /// Whether the daemon dies by SIGKILL, now or in the next seconds.
    pub fn daemon_dies(&mut self) -> Result<bool> {
        use std::os::unix::process::ExitStatusExt as _;
        let daemon = self.daemon.as_mut().context("no daemon runs")?;
        let mut status = None;
        let ended = wait_for("the daemon dies", Duration::from_secs(5), || {
            status = daemon.ended().ok().flatten();
            status.is_some()
        });
        let killed = Some(rustix::process::Signal::KILL.as_raw());
        Ok(ended.is_ok() && status.and_then(|status| status.signal()) == killed)
    }

    /// kill -9 of every shim.
    pub fn kill_shims(&self) -> Result<()> {
        let folder = self.path().join("run/shims").to_string_lossy().into_owned();
        for pid in processes_with(&["knarr-shim", &folder]) {
            let pid = rustix::process::Pid::from_raw(pid).context("a process has a number")?;
            if let Ok(shim) = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()) {
                rustix::process::pidfd_send_signal(shim, rustix::process::Signal::KILL)?;
            }
        }
        wait_for("the shims are gone", Duration::from_secs(5), || processes_with(&["knarr-shim", &folder]).is_empty())
    }

    /// SIGTERM to the daemon; containers stay.
    pub fn stop_daemon(&mut self) -> Result<()> {
        let status = self.daemon.take().context("no daemon runs")?.terminate(Duration::from_secs(20))?;
        if !status.success() {
            bail!("the daemon ended with {status}:\n{}", self.log());
        }
        Ok(())
    }

    /// What the daemon logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.path().join("daemon.log")
    }

    /// Removes every container, stops the daemon, and fails where it leaves something of its own behind.
    pub fn finish(mut self) -> Result<()> {
        let client = self.knarr();
        let all = client.ok(&["ps", "-aq"])?;
        let ids: Vec<&str> = all.split_whitespace().collect();
        if !ids.is_empty() {
            client.ok(&[&["rm", "-f", "-v"], ids.as_slice()].concat())?;
        }
        self.stop_daemon()?;
        self.remove_network();
        Ledger::must_settle_to(&Ledger::empty(), || Ledger::of_host(&self.bridge, self.path()))
    }

    /// The same after the containers and networks of a test's own are removed.
    pub fn finish_with_networks(self, networks: &[&str]) {
        let client = self.knarr();
        let all = client.ok(&["ps", "-aq"]).unwrap();
        client.ok(&[&["rm", "-f"], all.split_whitespace().collect::<Vec<_>>().as_slice()].concat()).unwrap();
        client.ok(&[&["network", "rm"], networks].concat()).unwrap();
        self.finish().unwrap();
    }

    /// The bridge and its rules stay when a daemon stops, for its containers go on; here they are not needed again.
    fn remove_network(&self) {
        for args in [vec!["ip", "link", "delete", &self.bridge], vec!["nft", "delete", "table", "ip", &self.table()]] {
            let _ = Command::new(args[0]).args(&args[1..]).stderr(Stdio::null()).status();
        }
    }

    /// The nft table of this host's daemon.
    pub fn table(&self) -> String {
        format!("knarr-{}", self.bridge)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let Some(mut daemon) = self.daemon.take() else { return };
        if std::thread::panicking() {
            eprintln!("--- log of the daemon on {}:\n{}", self.bridge, self.log_tail());
        }
        if !daemon.ended().is_ok_and(|status| status.is_some()) {
            let all = self.knarr().run(&["ps", "-aq"]).map(|output| output.stdout).unwrap_or_default();
            let ids: Vec<&str> = all.split_whitespace().collect();
            let _ = self.knarr().run(&[&["rm", "-f", "-v"], ids.as_slice()].concat());
            let _ = self.knarr().run(&["network", "prune", "-f"]);
        }
        let _ = daemon.terminate(Duration::from_secs(10));
        drop(daemon);
        self.remove_network();
    }
}

impl Host {
    fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }
}
