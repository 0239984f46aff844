//! Processes that a test started, and ends by itself.

use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// The `knarr` under test: `$KNARR_BIN`, or the one that was built beside the tests.
pub fn knarr_binary() -> PathBuf {
    if let Some(path) = std::env::var_os("KNARR_BIN") {
        return path.into();
    }
    let own = std::env::current_exe().unwrap_or_default();
    let found = own.ancestors().skip(1).take(2).map(|folder| folder.join("knarr")).find(|path| path.is_file());
    found.expect("knarr is not built: run `cargo build -p knarr` first, or use `cargo xtask test`")
}

/// A child that is killed, by its own pid, when the test is done with it.
pub struct Running {
    child: Child,
}

impl Running {
    /// Starts it.
    pub fn start(command: &mut Command) -> Result<Self> {
        let child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        Ok(Self { child })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its resident memory in bytes (`VmRSS` of proc_pid_status(5)).
    pub fn resident(&self) -> Result<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.pid()))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    }

    /// Its standard output, where it was asked to be piped.
    pub fn stdout(&mut self) -> Option<std::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// The exit status, once it has ended.
    pub fn ended(&mut self) -> Result<Option<std::process::ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// kill -9.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Sends a signal.
    pub fn signal(&self, signal: rustix::process::Signal) -> Result<()> {
        if let Some(pid) = rustix::process::Pid::from_raw(i32::try_from(self.pid())?) {
            let pidfd = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty())?;
            rustix::process::pidfd_send_signal(pidfd, signal)?;
        }
        Ok(())
    }

    /// SIGTERM, and waits up to `limit`.
    pub fn terminate(&mut self, limit: Duration) -> Result<std::process::ExitStatus> {
        self.signal(rustix::process::Signal::TERM)?;
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        bail!("process {} did not end within {limit:?} of SIGTERM", self.pid())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks again every few milliseconds until `question` says yes, for at most `limit`.
pub fn wait_for(what: &str, limit: Duration, mut question: impl FnMut() -> bool) -> Result<()> {
    let deadline = Instant::now() + limit;
    while !question() {
        if Instant::now() > deadline {
            bail!("{what}: not within {limit:?}");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// The processes whose command line has all of `words`.
pub fn processes_with(words: &[&str]) -> Vec<i32> {
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let wanted = |entry: &std::fs::DirEntry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line);
        words.iter().all(|word| line.contains(word))
    };
    all.filter(wanted).filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}
