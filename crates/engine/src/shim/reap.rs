//! Shims are our children: once ended they must be waited for.

use std::os::fd::{AsFd as _, OwnedFd};

use rustix::process::{WaitId, WaitIdOptions, waitid};

use crate::readiness::readable;

/// Waits for a shim's end in the background, through its pidfd.
pub(crate) fn reap(process: OwnedFd) {
    tokio::spawn(async move {
        let Ok(process) = readable(process) else { return };
        if process.readable().await.is_ok() {
            // A child of ours that has ended: this returns at once, and what it returns was recorded by the shim itself.
            let _ = waitid(WaitId::PidFd(process.get_ref().as_fd()), WaitIdOptions::EXITED);
        }
    });
}
