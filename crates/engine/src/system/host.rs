//! Facts about the host.

use std::fs;

/// The kernel's release, for example `6.18.0`.
pub(crate) fn kernel_release() -> String {
    rustix::system::uname().release().to_string_lossy().into_owned()
}

/// The host's name.
pub(crate) fn name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// `PRETTY_NAME` of os-release(5).
pub(crate) fn operating_system() -> String {
    os_release("PRETTY_NAME").unwrap_or_else(|| "Linux".to_owned())
}

/// `VERSION_ID` of os-release(5), empty where there is none.
pub(crate) fn os_version() -> String {
    os_release("VERSION_ID").unwrap_or_default()
}

fn os_release(key: &str) -> Option<String> {
    let text = fs::read_to_string("/etc/os-release").or_else(|_| fs::read_to_string("/usr/lib/os-release")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
    Some(line.trim_matches('"').to_owned())
}

/// Bytes of memory.
pub(crate) fn memory() -> u64 {
    let info = rustix::system::sysinfo();
    let unit = u64::from(info.mem_unit.max(1));
    #[allow(clippy::useless_conversion, reason = "totalram is 32 bits wide on some targets")]
    u64::from(info.totalram).saturating_mul(unit)
}

/// Usable processors.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// GNU's name of the machine, `x86_64`.
pub(crate) fn machine() -> String {
    rustix::system::uname().machine().to_string_lossy().into_owned()
}

/// `2` where the controllers are on the unified hierarchy, else `1` (cgroups(7)).
pub(crate) fn cgroup_version() -> &'static str {
    if fs::metadata("/sys/fs/cgroup/cgroup.controllers").is_ok() { "2" } else { "1" }
}
