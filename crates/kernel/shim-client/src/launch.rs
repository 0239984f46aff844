//! Starting a shim.

use std::ffi::CString;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
#[cfg(debug_assertions)]
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use knarr_sys::spawn::{Args, Program};
use rustix::fs::{Mode, OFlags};

use crate::{Error, Event, Request, Result, read_event};

/// What becomes of the process's standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// `/dev/null`.
    None,
    /// Open as long as the process lives, whoever attaches and leaves.
    Open,
    /// Closed when the first client that sends input ends it, or leaves.
    Once,
}

/// How the output is kept: Docker's names of its drivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogForm {
    /// One JSON object a line.
    JsonFile,
    /// Records with a head of numbers, the line as it came.
    Local,
}

/// Where the output is kept.
#[derive(Debug, Clone, Copy)]
pub struct LogFile<'a> {
    /// Absolute path; its folder exists.
    pub path: &'a Path,
    /// What is written there.
    pub form: LogForm,
    /// Bytes at which a new file is begun; 0 is never.
    pub size: u64,
    /// Files that are kept, 1 to 1000.
    pub files: u32,
}

/// Everything that a shim is told.
#[derive(Debug, Clone, Copy)]
pub struct Launch<'a> {
    /// From [`crate::shim_memfd`].
    pub shim: BorrowedFd<'a>,
    /// From [`crate::runtime_fd`].
    pub runtime: BorrowedFd<'a>,
    /// The network namespace, which the runtime finds as descriptor 5.
    pub namespace: Option<BorrowedFd<'a>>,
    /// The shim's folder: absolute, existing, 0700.
    pub dir: &'a Path,
    /// Where the exit is recorded: absolute; its folder exists.
    pub exit_file: &'a Path,
    /// Goes into the record.
    pub start_id: &'a str,
    /// Whether the process has a terminal.
    pub tty: bool,
    /// Its standard input.
    pub input: Input,
    /// Its log, if any.
    pub log: Option<LogFile<'a>>,
    /// How long a client may take nothing of what it is sent, before it is given up and the process no longer waits
    /// for it.
    pub patience: Duration,
    /// `runtime`, options, `run` or `exec`, `--detach`, …; the shim adds its own files behind the verb.
    pub runtime_args: &'a [String],
}

/// A shim that was started. It waits for [`crate::Request::Go`] on `stream`, and ends if that is closed before.
#[derive(Debug)]
pub struct Launched {
    /// The first connection.
    pub stream: UnixStream,
    /// The shim's id.
    pub pid: u32,
    /// The shim; readable when it has ended. It is the caller's child: to be waited for.
    pub process: OwnedFd,
}

impl Launched {
    /// Waits until [`crate::connect()`] finds the shim: needed by who wants to attach before the process runs. To be
    /// called before anything else is said.
    pub fn wait_ready(&mut self) -> Result<()> {
        // The answer to a signal for a process that is not there yet comes from a shim that listens.
        let failed = |source| Error::io("wait for the shim", source);
        self.stream.write_all(&Request::Signal { number: 0, whole_group: false }.encode()).map_err(failed)?;
        match read_event(&mut self.stream)? {
            Some(Event::Answer(_)) => Ok(()),
            Some(_) => Err(Error::Protocol("it speaks before it is asked")),
            None => Err(Error::Protocol("it has ended at its start")),
        }
    }
}

/// Starts a shim, in a session of its own, with the descriptors of the contract and no environment. Safe in a
/// process of many threads.
pub fn spawn(launch: &Launch<'_>) -> Result<Launched> {
    let failed = |source: std::io::Error| Error::io(format!("start the shim in {}", launch.dir.display()), source);
    let (ours, theirs) = UnixStream::pair().map_err(failed)?;
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty());
    let null = null.map_err(|e| failed(e.into()))?;
    let mut fds = vec![(null.as_fd(), 0), (null.as_fd(), 1), (null.as_fd(), 2)];
    fds.extend([(launch.runtime, 3), (theirs.as_fd(), 4)]);
    fds.extend(launch.namespace.map(|namespace| (namespace, 5)));
    let texts = command_line(launch)?;
    let mut args = Args::new();
    for text in &texts {
        args.push(text).map_err(|e| failed(e.into()))?;
    }
    let program = Program { file: launch.shim, args: &args, fds: &fds, new_session: true, dies_with_parent: false };
    let started = knarr_sys::spawn::spawn(&program).map_err(|e| failed(e.into()))?;
    let pid = started.pid.as_raw_nonzero().get().unsigned_abs();
    Ok(Launched { stream: ours, pid, process: started.pidfd })
}

fn command_line(launch: &Launch<'_>) -> Result<Vec<CString>> {
    let path = |path: &Path| path.as_os_str().as_bytes().to_vec();
    let mut words: Vec<Vec<u8>> = vec![b"knarr-shim".to_vec()];
    let mut option = |name: &str, value: Vec<u8>| words.extend([name.as_bytes().to_vec(), value]);
    option("--dir", path(launch.dir));
    option("--exit-file", path(launch.exit_file));
    option("--start-id", launch.start_id.as_bytes().to_vec());
    let input = match launch.input {
        Input::None => "none",
        Input::Open => "open",
        Input::Once => "once",
    };
    option("--stdin", input.as_bytes().to_vec());
    option("--patience", launch.patience.as_millis().to_string().into_bytes());
    if let Some(log) = &launch.log {
        option("--log", path(log.path));
        let form: &[u8] = if log.form == LogForm::Local { b"local" } else { b"json-file" };
        option("--log-form", form.to_vec());
        option("--log-size", log.size.to_string().into_bytes());
        option("--log-files", log.files.to_string().into_bytes());
    }
    #[cfg(debug_assertions)]
    if let Some(point) = std::env::var_os(knarr_sys::failpoint::VARIABLE).filter(|p| p.as_bytes().starts_with(b"shim."))
    {
        words.extend([b"--failpoint".to_vec(), point.into_vec()]);
    }
    words.extend(launch.tty.then(|| b"--tty".to_vec()));
    words.push(b"--".to_vec());
    words.extend(launch.runtime_args.iter().map(|word| word.clone().into_bytes()));
    let c_string = |word: Vec<u8>| {
        CString::new(word).map_err(|e| Error::ZeroByte(String::from_utf8_lossy(&e.into_vec()).into_owned()))
    };
    words.into_iter().map(c_string).collect()
}
