//! Shims are our children: once ended they must be waited for.

use std::os::fd::{AsFd as _, OwnedFd};

use tokio::sync::oneshot;

use rustix::process::{WaitId, WaitIdOptions, waitid};

use crate::readiness::readable;

/// Closed when a shim has ended.
pub(crate) type Ended = oneshot::Receiver<()>;

/// Waits for a shim's end in the background, through its pidfd. What it gives is closed then.
pub(crate) fn reap(process: OwnedFd) -> Ended {
    let (alive, ended) = oneshot::channel();
    tokio::spawn(async move {
        let _alive: oneshot::Sender<()> = alive;
        let Ok(process) = readable(process) else { return };
        if process.readable().await.is_ok() {
            // A child of ours that has ended: this returns at once, and what it returns was recorded by the shim itself.
            let _ = waitid(WaitId::PidFd(process.get_ref().as_fd()), WaitIdOptions::EXITED);
        }
    });
    ended
}
