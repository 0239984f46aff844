//! Starting the runtime.

use core::ffi::{CStr, c_int};

use knarr_sys::spawn::{Args, Program, spawn};
use rustix::fd::{AsFd, AsRawFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::Pid;

use crate::options::{Input, Options};
use crate::place::PATH;
use crate::text::{Text, number};

/// The number at which the runtime finds the network namespace.
pub const NAMESPACE: c_int = 5;

/// Our ends of the process's standard streams; all none with a terminal.
#[derive(Default)]
pub struct Streams {
    /// To be written, non-blocking.
    pub input: Option<OwnedFd>,
    /// To be read.
    pub output: Option<OwnedFd>,
    /// To be read.
    pub error: Option<OwnedFd>,
}

/// Starts the runtime with its streams. `folder` is the shim's, opened; `namespace` goes along.
pub fn start(
    options: &Options,
    folder: &OwnedFd,
    file: &OwnedFd,
    namespace: Option<&OwnedFd>,
) -> Result<(Pid, Streams), Errno> {
    let null = rustix::fs::open(c"/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    let (streams, theirs) = if options.tty { (Streams::default(), Streams::default()) } else { pipes(options.input)? };
    let [input, output, error] =
        [&theirs.input, &theirs.output, &theirs.error].map(|end| end.as_ref().unwrap_or(&null).as_fd());
    let fds = [(input, 0), (output, 1), (error, 2), (namespace.unwrap_or(&null).as_fd(), NAMESPACE)];
    let fds = if namespace.is_some() { &fds[..] } else { &fds[..3] };
    let paths = Paths::new(options.dir, folder)?;
    let args = arguments(options, &paths)?;
    // Without the shim nobody would hear of the process that it makes.
    let program = Program { file: file.as_fd(), args: &args, fds, new_session: false, dies_with_parent: true };
    let started = spawn(&program)?;
    Ok((started.pid, streams))
}

/// Ours and theirs.
fn pipes(input: Input) -> Result<(Streams, Streams), Errno> {
    let (mut ours, mut theirs) = (Streams::default(), Streams::default());
    if input != Input::None {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
        let flags = rustix::fs::fcntl_getfl(&write)?;
        rustix::fs::fcntl_setfl(&write, flags | OFlags::NONBLOCK)?;
        (theirs.input, ours.input) = (Some(read), Some(write));
    }
    for (our, their) in [(&mut ours.output, &mut theirs.output), (&mut ours.error, &mut theirs.error)] {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
        (*our, *their) = (Some(read), Some(write));
    }
    Ok((ours, theirs))
}

/// Files in the shim's folder that the runtime is told of.
struct Paths {
    pid: Text<PATH>,
    log: Text<PATH>,
    console: Text<PATH>,
}

impl Paths {
    fn new(dir: &CStr, folder: &OwnedFd) -> Result<Self, Errno> {
        let path = |name: &[u8]| {
            let text = Text::of(&[dir.to_bytes(), name, b"\0"]);
            if text.whole() { Ok(text) } else { Err(Errno::NAMETOOLONG) }
        };
        let console = if dir.count_bytes() + CONSOLE.len() > SOCKET_PATH { through(folder) } else { path(CONSOLE)? };
        Ok(Self { pid: path(b"/pid")?, log: path(b"/runtime.log")?, console })
    }
}

const CONSOLE: &[u8] = b"/tty.sock";
/// The longest path of a socket.
const SOCKET_PATH: usize = 107;

/// The way to the console socket for another process, when its own path is too long for a socket.
fn through(folder: &OwnedFd) -> Text<PATH> {
    let mut text = Text::of(&[b"/proc/"]);
    text.put_number(rustix::process::getpid().as_raw_nonzero().get().unsigned_abs().into(), 1);
    text.put(b"/fd/");
    text.put_number(folder.as_raw_fd() as u64, 1);
    text.put(CONSOLE);
    text.put(b"\0");
    text
}

/// The runtime's arguments: ours for its log before its verb, ours for the process behind it.
fn arguments<'a>(options: &Options, paths: &'a Paths) -> Result<Args<'a>, Errno> {
    let path = |text: &'a Text<PATH>| CStr::from_bytes_with_nul(text.bytes()).map_err(|_| Errno::INVAL);
    let mut args = Args::new();
    args.push(c"knarr")?;
    let mut told = false;
    let mut index = options.runtime;
    while let Some(argument) = options.arguments.get(index) {
        index += 1;
        if told || !is_verb(argument) {
            args.push(argument)?;
            continue;
        }
        told = true;
        let ours = [c"--log", path(&paths.log)?, c"--log-format", c"json", argument, c"--pid-file", path(&paths.pid)?];
        ours.into_iter().try_for_each(|argument| args.push(argument))?;
        if options.tty {
            args.push(c"--console-socket")?;
            args.push(path(&paths.console)?)?;
        }
    }
    if told { Ok(args) } else { Err(Errno::INVAL) }
}

fn is_verb(argument: &CStr) -> bool {
    matches!(argument.to_bytes(), b"run" | b"exec")
}

/// The process that the runtime has written down.
pub fn written_pid(folder: &OwnedFd) -> Result<Pid, Errno> {
    let file = rustix::fs::openat(folder, c"pid", OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW, Mode::empty())?;
    let mut buffer = [0; 24];
    let length = rustix::io::read(&file, &mut buffer)?;
    let pid = number(buffer[..length].trim_ascii()).and_then(|pid| i32::try_from(pid).ok());
    pid.and_then(Pid::from_raw).ok_or(Errno::INVAL)
}
