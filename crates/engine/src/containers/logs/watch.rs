//! Waking followers when a log grows: one inotify(7) instance for all of them.

use std::collections::HashMap;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use knarr_model::{Fault, Result};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use tokio::io::unix::AsyncFd;
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// The daemon's instance.
pub(crate) struct LogWatch {
    shared: Arc<Shared>,
    reading: AbortHandle,
}

struct Shared {
    instance: AsyncFd<OwnedFd>,
    folders: Mutex<HashMap<i32, Folder>>,
}

struct Folder {
    changes: watch::Sender<()>,
    watchers: usize,
}

/// A watched folder, until dropped.
pub(super) struct Watch {
    shared: Weak<Shared>,
    descriptor: i32,
    changes: watch::Receiver<()>,
}

impl LogWatch {
    /// Opens the instance and starts reading from it.
    pub(crate) fn open() -> Result<Self> {
        let failed = |error: io::Error| Fault::io("watch log files", error);
        let instance = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).map_err(|e| failed(e.into()))?;
        let instance = crate::readiness::readable(instance).map_err(failed)?;
        let shared = Arc::new(Shared { instance, folders: Mutex::default() });
        let reading = tokio::spawn(read(shared.clone())).abort_handle();
        Ok(Self { shared, reading })
    }

    /// Watches the files in `dir`.
    pub(super) fn watch(&self, dir: &Path) -> Result<Watch> {
        let flags = WatchFlags::MODIFY | WatchFlags::CREATE | WatchFlags::MOVED_TO;
        let mut folders = self.shared.folders();
        let descriptor = inotify::add_watch(&self.shared.instance, dir, flags)
            .map_err(|e| Fault::io(format!("watch {}", dir.display()), e.into()))?;
        let folder =
            folders.entry(descriptor).or_insert_with(|| Folder { changes: watch::Sender::new(()), watchers: 0 });
        folder.watchers += 1;
        Ok(Watch { shared: Arc::downgrade(&self.shared), descriptor, changes: folder.changes.subscribe() })
    }
}

impl Drop for LogWatch {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl Shared {
    fn folders(&self) -> MutexGuard<'_, HashMap<i32, Folder>> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the followers of every folder that has changed.
    fn deliver(&self) -> io::Result<()> {
        let mut space = [MaybeUninit::<u8>::uninit(); 4096];
        let mut reader = inotify::Reader::new(self.instance.get_ref(), &mut space);
        let folders = self.folders();
        loop {
            match reader.next() {
                Ok(event) => {
                    if let Some(folder) = folders.get(&event.wd()) {
                        folder.changes.send_replace(());
                    }
                }
                Err(rustix::io::Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

async fn read(shared: Arc<Shared>) {
    loop {
        let Ok(mut ready) = shared.instance.readable().await else { return };
        ready.clear_ready();
        if let Err(error) = shared.deliver() {
            tracing::warn!(%error, "cannot read log events");
        }
    }
}

impl Watch {
    /// Resolves after a change; one that happened since the last call counts.
    pub(super) async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let Some(shared) = self.shared.upgrade() else { return };
        let mut folders = shared.folders();
        let Some(folder) = folders.get_mut(&self.descriptor) else { return };
        folder.watchers -= 1;
        if folder.watchers == 0 {
            folders.remove(&self.descriptor);
            let _ = inotify::remove_watch(&shared.instance, self.descriptor);
        }
    }
}
