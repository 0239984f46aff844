//! How much memory this process has had.

use std::fs;

/// What an unpacker may have in memory at once, whatever the archive: its buffers, and the largest header.
pub const MEMORY: u64 = 8 << 20;

/// How far this process's memory rises meanwhile, in bytes.
pub fn rise<T>(work: impl FnOnce() -> T) -> (T, u64) {
    // 5 sets the high-water mark to what is used now (proc(5), "clear_refs").
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = high_water();
    let done = work();
    (done, high_water().saturating_sub(before))
}

fn high_water() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}
