//! One container of the shim.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use knarr_cgroups::Cgroup;
use knarr_runtime::Record;
use knarr_spec::{NamespaceKind, Spec};

use crate::messages::options::Options;
use crate::oom::OomCount;
use crate::place::Place;
use crate::process::Process;
use crate::stdio::{Owner, Paths};
use crate::{Error, Result, locked};

/// A container.
pub struct Container {
    /// Its id.
    pub id: String,
    /// Its bundle.
    pub bundle: PathBuf,
    /// Our folder in the bundle.
    pub place: Place,
    /// What containerd's client asked for beyond the document.
    pub options: Options,
    /// Whether its processes end with its first one by themselves.
    pub own_pids: bool,
    /// Whether it is frozen.
    pub paused: AtomicBool,
    /// What has been told of processes killed for want of memory.
    pub oom: OomCount,
    /// Its first process.
    pub init: Arc<Process>,
    execs: Mutex<BTreeMap<String, Arc<Process>>>,
}

/// Further processes of a container that are remembered at most.
const MOST_EXECS: usize = 4096;

impl Container {
    /// One that is not made yet.
    pub fn new(id: &str, bundle: &Path, options: Options, paths: Paths) -> Result<Self> {
        Ok(Self {
            id: id.to_owned(),
            place: Place::of(bundle),
            own_pids: own_pids(bundle)?,
            bundle: bundle.to_owned(),
            options,
            paused: AtomicBool::new(false),
            oom: OomCount::default(),
            init: Arc::new(Process::new("", paths)),
            execs: Mutex::default(),
        })
    }

    /// Where its root file system is mounted.
    pub fn rootfs(&self) -> PathBuf {
        self.bundle.join("rootfs")
    }

    /// Its first process, or the one that was added under an exec id.
    pub fn process(&self, exec: &str) -> Result<Arc<Process>> {
        if exec.is_empty() {
            return Ok(self.init.clone());
        }
        let missing = || Error::NoProcess { container: self.id.clone(), exec: exec.to_owned() };
        locked(&self.execs).get(exec).cloned().ok_or_else(missing)
    }

    /// Adds a process; `make` writes down what it is to be.
    pub fn add(&self, exec: &str, paths: Paths, make: impl FnOnce() -> Result<()>) -> Result<()> {
        let mut execs = locked(&self.execs);
        if execs.contains_key(exec) {
            return Err(Error::Exists(format!("process {exec}")));
        }
        if execs.len() >= MOST_EXECS {
            return Err(Error::Invalid(format!("container {} has {MOST_EXECS} further processes already", self.id)));
        }
        make()?;
        execs.insert(exec.to_owned(), Arc::new(Process::new(exec, paths)));
        Ok(())
    }

    /// Forgets an added process.
    pub fn remove(&self, exec: &str) {
        locked(&self.execs).remove(exec);
        self.place.remove(exec);
    }

    /// The exec id of a process id.
    pub fn exec_of(&self, pid: u32) -> Option<String> {
        locked(&self.execs).values().find(|process| process.pid() == pid).map(|process| process.exec.clone())
    }

    /// Its cgroup.
    pub fn cgroup(&self) -> Result<Cgroup> {
        Ok(Record::read(&self.place.records(), &self.id)?.cgroup()?)
    }

    /// Who owns the pipes of its processes.
    pub fn owner(&self) -> Owner {
        Owner { uid: self.options.io_uid, gid: self.options.io_gid }
    }

    /// The runtime's options before the verb.
    pub fn global(&self) -> Vec<String> {
        let mut words = vec!["--root".to_owned(), self.place.records().display().to_string()];
        words.extend(self.options.systemd_cgroup.then(|| "--systemd-cgroup".to_owned()));
        words
    }
}

fn own_pids(bundle: &Path) -> Result<bool> {
    let path = bundle.join("config.json");
    let text = std::fs::read(&path).map_err(|e| Error::io("read", path.display().to_string(), e))?;
    let spec: Spec = serde_json::from_slice(&text).map_err(|e| Error::Decode("config.json", e.to_string()))?;
    let namespaces = spec.linux.map(|linux| linux.namespaces).unwrap_or_default();
    let own = namespaces.iter().any(|namespace| namespace.kind == NamespaceKind::Pid && namespace.path.is_empty());
    Ok(own)
}
