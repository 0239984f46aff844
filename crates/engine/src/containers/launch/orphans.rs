//! Processes of exec sessions whose shim was killed: nobody would ever hear of their end, so they end with it.

use std::fs;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::cgroup_path;
use crate::Engine;
use crate::containers::Record;

/// The name that a shim gives itself.
const SHIM: &str = "knarr-shim";

/// Kills each process that came into the container from outside and that no shim stays beside. In the host's own PID
/// namespace every process has its parent outside: there it is not known which came as a session, and all go on.
pub(crate) fn end_orphans(engine: &Engine, record: &Record) {
    if record.host.pid_mode == "host" {
        return;
    }
    let cgroup = knarr_cgroups::Cgroup::open(&cgroup_path(&engine.config, record));
    for pid in cgroup.and_then(|cgroup| cgroup.pids()).unwrap_or_default() {
        let Some(number) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { continue };
        // Held before it is looked at: if its number is another's by then, this one is dead and gets no signal.
        let Ok(process) = pidfd_open(number, PidfdFlags::empty()) else { continue };
        if is_orphan(pid) && pidfd_send_signal(&process, Signal::KILL).is_ok() {
            tracing::info!(container.id = %record.id, pid, "ended a process whose shim is gone");
        }
    }
}

/// Whether its parent is one of this PID namespace, and no shim is among the parents of that.
fn is_orphan(pid: u32) -> bool {
    let mut parents = std::iter::successors(parent(pid), |process| parent(process.pid)).peekable();
    parents.peek().is_some_and(|parent| parent.shares_our_pids) && !parents.any(|parent| parent.name == SHIM)
}

/// What proc_pid_status(5) says of a process.
struct Process {
    pid: u32,
    parent: u32,
    name: String,
    /// It has one number, the one by which we know it.
    shares_our_pids: bool,
}

/// None of the first process, and of one that has ended.
fn parent(pid: u32) -> Option<Process> {
    let parent = Process::read(pid)?.parent;
    Process::read(parent)
}

impl Process {
    fn read(pid: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let numbers = field("NSpid:")?.split_whitespace().count();
        let name = field("Name:")?.to_owned();
        Some(Self { pid, parent: field("PPid:")?.parse().ok()?, name, shares_our_pids: numbers == 1 })
    }
}
