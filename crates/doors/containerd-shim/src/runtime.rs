//! Runtime commands: the same program, run as `knarr-runtime`, so that what changes namespaces is a process of its own.

use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use knarr_sys::spawn::{Args, Program, spawn};
use rustix::process::{WaitId, WaitIdOptions, waitid};
use serde::Deserialize;

use crate::{Error, Result};

/// The runtime's program.
pub struct Runtime(OwnedFd);

/// A line of the runtime's log.
#[derive(Deserialize)]
struct Line {
    msg: String,
}

impl Runtime {
    /// The running program.
    pub fn own() -> Result<Self> {
        Ok(Self(knarr_shim_client::runtime_fd()?))
    }

    /// Runs a command to its end. Why it failed is read from its log, which lies in the `folder` of the process concerned.
    pub fn run(&self, global: &[String], verb: &[String], folder: &Path, stdio: &[OwnedFd; 3]) -> Result<()> {
        let log = folder.join("log.json");
        let mut words = vec!["knarr-runtime".to_owned()];
        words.extend(["--log".to_owned(), log.display().to_string(), "--log-format".to_owned(), "json".to_owned()]);
        words.extend(global.iter().chain(verb).cloned());
        let code = self.execute(words, stdio).map_err(|e| Error::io("run", "the runtime", e))?;
        if code == 0 {
            return Ok(());
        }
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        let last = said.lines().last().and_then(|line| serde_json::from_str::<Line>(line).ok());
        Err(Error::Runtime(last.map_or_else(|| format!("the runtime ended with code {code}"), |line| line.msg)))
    }

    fn execute(&self, words: Vec<String>, stdio: &[OwnedFd; 3]) -> std::io::Result<i32> {
        let words: Vec<CString> = words.into_iter().map(CString::new).collect::<Result<_, _>>()?;
        let mut args = Args::new();
        for word in &words {
            args.push(word)?;
        }
        let fds = [(stdio[0].as_fd(), 0), (stdio[1].as_fd(), 1), (stdio[2].as_fd(), 2)];
        let file = self.0.as_fd();
        let started = spawn(&Program { file, args: &args, fds: &fds, new_session: false, dies_with_parent: false })?;
        let end = || waitid(WaitId::PidFd(started.pidfd.as_fd()), WaitIdOptions::EXITED);
        let status = rustix::io::retry_on_intr(end)?;
        Ok(status.and_then(|status| status.exit_status()).unwrap_or(255))
    }
}
