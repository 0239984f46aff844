//! Shims that do not answer: stopped ones, which take no notice of a process that has ended.

use std::fs;
use std::path::Path;

use knarr_model::ContainerId;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// What `/proc/<pid>/exe` of a shim leads to.
const PROGRAM: &str = "/memfd:knarr-shim (deleted)";

/// Kills the shims of a container: its own and those of its sessions, also of sessions that an earlier daemon has made. They are found by
/// their command lines, which the runtime's last argument ends, because one that is stopped cannot be asked.
pub(crate) fn end_shims(id: &ContainerId) {
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let number = entry.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
        let Some(number) = number else { continue };
        // Held before it is looked at: if its number is another's by then, this one is dead and gets no signal.
        let Ok(process) = pidfd_open(number, PidfdFlags::empty()) else { continue };
        if is_shim_of(&entry.path(), id) && pidfd_send_signal(&process, Signal::KILL).is_ok() {
            tracing::warn!(container.id = %id, pid = %number, "ended a shim that did not answer");
        }
    }
}

fn is_shim_of(process: &Path, id: &ContainerId) -> bool {
    let line = fs::read(process.join("cmdline")).unwrap_or_default();
    let last = line.strip_suffix(b"\0").and_then(|line| line.rsplit(|byte| *byte == 0).next());
    last == Some(id.as_str().as_bytes())
        && fs::read_link(process.join("exe")).is_ok_and(|exe| exe.as_os_str() == PROGRAM)
}
