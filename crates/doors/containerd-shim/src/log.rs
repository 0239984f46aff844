//! Complaints, for containerd's log: it reads them from the fifo `log` in the bundle.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::OnceLock;

use rustix::fs::{Mode, OFlags};

static LOG: OnceLock<File> = OnceLock::new();

/// Opens containerd's fifo; without one, complaints go nowhere.
pub fn open(fifo: &Path) {
    // Never waited for: a containerd that is away reads the later lines when it is back.
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    if let Ok(opened) = rustix::fs::open(fifo, flags, Mode::empty()) {
        let _opened_before = LOG.set(opened.into());
    }
}

/// Writes a line; lost where nobody reads.
pub fn warn(text: &str) {
    if let Some(mut log) = LOG.get() {
        let _nobody_reads = log.write_all(format!("level=warning msg={text:?}\n").as_bytes());
    }
}
