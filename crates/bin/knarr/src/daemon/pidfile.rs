//! The daemon's pid file.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// Removed when the daemon ends in peace.
pub struct PidFile(PathBuf);

impl PidFile {
    /// Writes our pid; refused where the process that the file names still runs.
    pub fn write(path: &Path) -> Result<Self> {
        if let Some(pid) = running(path) {
            bail!(
                "{} names process {pid}, which runs: stop that daemon or give this one a --pidfile of its own",
                path.display()
            );
        }
        let text = format!("{}\n", std::process::id());
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self(path.to_owned()))
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The process that a pid file names, where it is a daemon that runs.
fn running(path: &Path) -> Option<u32> {
    let pid: u32 = std::fs::read_to_string(path).ok()?.trim().parse().ok()?;
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let daemon = line.split(|b| *b == 0).any(|word| word == b"daemon");
    (daemon && pid != std::process::id()).then_some(pid)
}
