//! What the runtime remembers of a container: its folder below the root, `state.json` in it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use knarr_cgroups::{Cgroup, Join};
use knarr_spec::{Spec, State, Status, VERSION};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// `state.json`. It is not synced to the disk: it describes processes, which do not outlive the system either.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Version of the specification.
    pub oci_version: String,
    /// The container.
    pub id: String,
    /// Its first process, in the PID namespace of the runtime.
    pub pid: i32,
    /// That process's start in clock ticks after boot: with the pid it names one process for ever.
    pub start_time: u64,
    /// Its bundle.
    pub bundle: PathBuf,
    /// Its path below each cgroup hierarchy; empty where it was made without the right to have one.
    pub cgroup: String,
    /// The scope of systemd's that the cgroup is, empty for none.
    #[serde(default)]
    pub scope: String,
    /// When it was made, RFC 3339.
    pub created: String,
    /// The document's annotations.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

impl Record {
    /// The folder of a container; the id is checked, so that it cannot lead elsewhere (flaw row 24).
    pub fn folder(root: &Path, id: &str) -> Result<PathBuf> {
        let word = |b: u8| b.is_ascii_alphanumeric() || b"_+.-".contains(&b);
        let valid = !id.is_empty() && id.len() <= 1024 && id != "." && id != ".." && id.bytes().all(word);
        if valid { Ok(root.join(id)) } else { Err(Error::Id(id.chars().take(80).collect())) }
    }

    /// Makes the folder of a new container.
    pub fn reserve(root: &Path, id: &str) -> Result<PathBuf> {
        let folder = Self::folder(root, id)?;
        let mut builder = fs::DirBuilder::new();
        builder.mode(0o700);
        let made = match builder.create(&folder) {
            Err(e) if e.kind() == ErrorKind::NotFound => {
                builder.recursive(true).create(root).and_then(|()| builder.recursive(false).create(&folder))
            }
            other => other,
        };
        match made {
            Ok(()) => Ok(folder),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Err(Error::Exists(id.to_owned())),
            Err(e) => Err(Error::io("create", folder.display().to_string(), e)),
        }
    }

    /// Reads the record of a container.
    pub fn read(root: &Path, id: &str) -> Result<Self> {
        let path = Self::folder(root, id)?.join("state.json");
        match fs::read(&path) {
            Ok(text) => {
                serde_json::from_slice(&text).map_err(|source| Error::Json { path: path.display().to_string(), source })
            }
            Err(e) if e.kind() == ErrorKind::NotFound => Err(Error::NotFound(id.to_owned())),
            Err(e) => Err(Error::io("read", path.display().to_string(), e)),
        }
    }

    /// Writes the record, whole or not at all.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join("state.json");
        let text =
            serde_json::to_vec(self).map_err(|source| Error::Json { path: path.display().to_string(), source })?;
        replace(&path, &text)
    }

    /// The document that the container was made from.
    pub fn spec(&self, root: &Path) -> Result<Spec> {
        read_spec(&Self::folder(root, &self.id)?.join("config.json")).map(|(spec, _)| spec)
    }

    /// Its cgroup.
    pub fn cgroup(&self) -> Result<Cgroup> {
        if self.cgroup.is_empty() {
            return Err(Error::NoCgroup(self.id.clone()));
        }
        Ok(Cgroup::open(&self.cgroup)?)
    }

    /// Ways into its cgroup, none where it has none.
    pub fn join(&self) -> Result<Join> {
        if self.cgroup.is_empty() { Ok(Join::default()) } else { Ok(self.cgroup()?.join()?) }
    }

    /// A descriptor of its first process, none when that has ended (also when it waits to be reaped).
    pub fn process(&self) -> Result<Option<OwnedFd>> {
        let Some(pid) = Pid::from_raw(self.pid) else { return Ok(None) };
        match pidfd_open(pid, PidfdFlags::empty()) {
            // Compared after the descriptor was opened: from here on it cannot become another process.
            Ok(process) => Ok(is_alive(self.pid, self.start_time).then_some(process)),
            Err(rustix::io::Errno::SRCH) => Ok(None),
            Err(e) => Err(Error::io("open the process", self.pid.to_string(), e)),
        }
    }

    /// Where the container is in its life.
    pub fn status(&self, root: &Path) -> Result<Status> {
        if self.process()?.is_none() {
            return Ok(Status::Stopped);
        }
        let frozen = self.cgroup().is_ok_and(|cgroup| cgroup.is_frozen().unwrap_or(false));
        let created = Self::folder(root, &self.id)?.join("exec.fifo").exists();
        Ok(match (frozen, created) {
            (true, _) => Status::Paused,
            (false, true) => Status::Created,
            (false, false) => Status::Running,
        })
    }

    /// The state as the specification has it.
    pub fn state(&self, status: Status) -> State {
        State {
            oci_version: VERSION.to_owned(),
            id: self.id.clone(),
            status,
            pid: if status == Status::Stopped { 0 } else { self.pid },
            bundle: self.bundle.display().to_string(),
            annotations: self.annotations.clone(),
        }
    }
}

/// A document and its text.
pub fn read_spec(path: &Path) -> Result<(Spec, Vec<u8>)> {
    let name = || path.display().to_string();
    let text = fs::read(path).map_err(|e| Error::io("read", name(), e))?;
    let spec = serde_json::from_slice(&text).map_err(|source| Error::Json { path: name(), source })?;
    Ok((spec, text))
}

/// Puts a file in place whole: a new file beside it, renamed over it.
pub fn replace(path: &Path, text: &[u8]) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.new"));
    let mut options = fs::OpenOptions::new();
    let written = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut file| file.write_all(text))
        .and_then(|()| fs::rename(&beside, path));
    written.map_err(|e| Error::io("write", path.display().to_string(), e))
}

/// When a process started, in clock ticks after boot, none when it has ended.
pub fn start_time(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Fields behind the parenthesised name: state is field 3, start time field 22 (proc_pid_stat(5)).
    let mut fields = stat[stat.rfind(')')? + 1..].split_ascii_whitespace();
    let ended = matches!(fields.next()?, "Z" | "X" | "x");
    let start = fields.nth(18)?.parse().ok()?;
    (!ended).then_some(start)
}

fn is_alive(pid: i32, start: u64) -> bool {
    start_time(pid) == Some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_never_paths() {
        for bad in ["", ".", "..", "a/b", "../x", "a b", "a\n", "\u{e4}"] {
            assert!(Record::folder(Path::new("/run/x"), bad).is_err(), "{bad:?}");
        }
        assert!(Record::folder(Path::new("/run/x"), "web_1.a-b+c").is_ok());
    }

    #[test]
    fn the_own_process_is_alive_and_another_start_time_is_another_process() {
        let pid = std::process::id() as i32;
        let start = start_time(pid).unwrap();
        assert!(is_alive(pid, start));
        assert!(!is_alive(pid, start + 1));
    }
}
