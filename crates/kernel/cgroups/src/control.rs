//! Freezing, thawing, killing.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::{Cgroup, Error, Result, files};

/// How long the kernel may take to freeze, thaw or kill everything inside.
const PATIENCE: Duration = Duration::from_secs(10);

/// The v1 freezer gives no event; its state is read again after this pause.
const FREEZER_PAUSE: Duration = Duration::from_micros(500);

impl Cgroup {
    /// Stops every process inside, and returns when all have stopped. Thaws again if that fails.
    pub fn freeze(&self) -> Result<()> {
        self.set_frozen(true).inspect_err(|_| {
            // The first error is the one to report; a group left half frozen is what must not be.
            let _thawed = self.set_frozen(false);
        })
    }

    /// Lets every process inside go on.
    pub fn thaw(&self) -> Result<()> {
        self.set_frozen(false)
    }

    /// Whether it is frozen now.
    pub fn is_frozen(&self) -> Result<bool> {
        if let Some(events) =
            self.unified_file("cgroup.events").filter(|_| self.unified_file("cgroup.freeze").is_some())
        {
            return Ok(files::value_of(&files::read(&events)?, "frozen") == Some(1));
        }
        let Some((_, folder)) = self.of("freezer") else { return Ok(false) };
        Ok(files::read_if_there(&folder.join("freezer.state"))?.is_some_and(|state| state.trim() != "THAWED"))
    }

    /// Kills every process inside with SIGKILL, also new ones, also frozen ones, and returns when none is left alive
    /// (zombies that their parent has not reaped yet may remain).
    pub fn kill_all(&self) -> Result<()> {
        match self.unified_file("cgroup.kill") {
            Some(_) if !self.is_populated()? => Ok(()),
            Some(file) => {
                files::write(&file, "1")?;
                self.thaw()?;
                self.wait_event("populated", 0, "kill")
            }
            None => self.kill_frozen(),
        }
    }

    /// Whether a process lives inside or below, as the unified tree has it.
    fn is_populated(&self) -> Result<bool> {
        let Some(events) = self.unified().map(|folder| folder.join("cgroup.events")) else { return Ok(true) };
        Ok(files::read_if_there(&events)?.is_none_or(|text| files::value_of(&text, "populated") != Some(0)))
    }

    /// Signals every process inside while all are frozen, so that none escapes by forking.
    pub fn signal_all(&self, signal: Signal) -> Result<()> {
        self.freeze()?;
        let signalled = self.pids().map(|pids| pids.into_iter().for_each(|pid| signal_one(pid, signal)));
        self.thaw().and(signalled)
    }

    fn kill_frozen(&self) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        while !self.pids()?.is_empty() {
            if Instant::now() >= end {
                return Err(self.late("kill"));
            }
            self.signal_all(Signal::KILL)?;
            std::thread::sleep(FREEZER_PAUSE);
        }
        Ok(())
    }

    fn set_frozen(&self, frozen: bool) -> Result<()> {
        if let Some(file) = self.unified_file("cgroup.freeze") {
            files::write(&file, if frozen { "1" } else { "0" })?;
            return self.wait_event("frozen", frozen.into(), if frozen { "freeze" } else { "thaw" });
        }
        match self.of("freezer") {
            Some((_, folder)) => self.set_freezer(&folder.join("freezer.state"), frozen),
            None => Err(Error::NoController { controller: "freezer".to_owned(), file: "freezer.state".to_owned() }),
        }
    }

    /// The v1 freezer can miss a process that is forking: it is told again until it says that all are frozen.
    fn set_freezer(&self, state: &Path, frozen: bool) -> Result<()> {
        let wanted = if frozen { "FROZEN" } else { "THAWED" };
        let end = Instant::now() + PATIENCE;
        loop {
            files::write(state, wanted)?;
            if files::read(state)?.trim() == wanted {
                return Ok(());
            }
            if Instant::now() >= end {
                return Err(self.late(if frozen { "freeze" } else { "thaw" }));
            }
            std::thread::sleep(FREEZER_PAUSE);
        }
    }

    /// Waits until `cgroup.events` gives `key` this value; the kernel reports each change as a priority event.
    fn wait_event(&self, key: &str, value: u64, operation: &'static str) -> Result<()> {
        let Some(path) = self.unified_file("cgroup.events") else { return Ok(()) };
        let events = rustix::fs::open(&path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
            .map_err(|e| Error::io("open", &path, e))?;
        let end = Instant::now() + PATIENCE;
        while files::value_of(&read_again(&events, &path)?, key) != Some(value) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(self.late(operation));
            }
            let wait = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
            match poll(&mut [PollFd::new(&events, PollFlags::PRI)], Some(&wait)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(Error::io("watch", &path, e)),
            }
        }
        Ok(())
    }

    /// A file of the unified folder, where this kernel has it.
    fn unified_file(&self, name: &str) -> Option<std::path::PathBuf> {
        self.unified().map(|folder| folder.join(name)).filter(|file| file.exists())
    }

    fn late(&self, operation: &'static str) -> Error {
        Error::Timeout { operation, path: self.tracker(), seconds: PATIENCE.as_secs() }
    }
}

fn read_again(events: &rustix::fd::OwnedFd, path: &Path) -> Result<String> {
    let mut buffer = [0u8; 512];
    let length = rustix::io::pread(events, &mut buffer, 0).map_err(|e| Error::io("read", path, e))?;
    Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

/// The list was read while nothing could run, so that the number cannot have passed to a stranger before the pidfd is
/// open; one that has died is what was wanted.
fn signal_one(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    if let Some(Ok(process)) = pid.map(|pid| pidfd_open(pid, PidfdFlags::empty())) {
        let _already_gone = pidfd_send_signal(process, signal);
    }
}
