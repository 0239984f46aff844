//! `start`: finds the pod's shim or makes it, and prints its address.
//!
//! containerd waits until our standard output and error are closed, and takes all that was said as the address: nothing
//! else is written, and the shim gets neither of them.

use std::ffi::CString;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use knarr_sys::spawn::{Args, Program, spawn};
use prost::Message as _;
use rustix::fs::{Mode, OFlags};
use rustix::process::Pid;

use crate::arguments::Arguments;
use crate::messages::Any;
use crate::messages::options::{OPTIONS, Options};
use crate::{Error, NAME, Result, group, socket};

/// The descriptor that the shim's socket has in it.
pub const LISTENER: i32 = 3;

/// containerd's largest options are a few hundred bytes.
const MOST_OPTIONS: u64 = 1 << 20;

/// The action.
pub fn start(arguments: &Arguments) -> Result<()> {
    let group = group::of(&arguments.bundle, &arguments.id)?;
    let socket = socket::path(&arguments.address, &arguments.namespace, &group);
    if let Some(listener) = socket::listen(&socket)? {
        let pid = spawn_shim(arguments, &group, &socket, &listener)?;
        stand_after_containerd(pid);
        write(&arguments.bundle.join("shim.pid"), &pid.as_raw_nonzero().to_string())?;
    }
    let address = format!("unix://{}", socket.display());
    write(&arguments.bundle.join("address"), &address)?;
    let mut output = std::io::stdout();
    let written = output.write_all(address.as_bytes()).and_then(|()| output.flush());
    written.map_err(|e| Error::io("write to", "standard output", e))
}

fn spawn_shim(arguments: &Arguments, group: &str, socket: &Path, listener: &UnixListener) -> Result<Pid> {
    let failed = |e: std::io::Error| Error::io("start", "the shim", e);
    let program = std::fs::File::open("/proc/self/exe").map_err(failed)?;
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty());
    let null: OwnedFd = null.map_err(|e| failed(e.into()))?;
    let fds = [(null.as_fd(), 0), (null.as_fd(), 1), (null.as_fd(), 2), (listener.as_fd(), LISTENER)];
    let words = command_line(arguments, group, socket)?;
    let mut args = Args::new();
    for word in &words {
        args.push(word).map_err(|e| failed(e.into()))?;
    }
    let file = program.as_fd();
    let started = spawn(&Program { file, args: &args, fds: &fds, new_session: true, dies_with_parent: false });
    Ok(started.map_err(|e| failed(e.into()))?.pid)
}

fn command_line(arguments: &Arguments, group: &str, socket: &Path) -> Result<Vec<CString>> {
    let flags = [
        ("-namespace", arguments.namespace.clone().into()),
        ("-id", group.into()),
        ("-address", arguments.address.clone().into()),
        ("-bundle", arguments.bundle.clone().into_os_string()),
        ("-events", events(&arguments.address).into_os_string()),
        ("-socket", socket.as_os_str().to_owned()),
        ("-cgroup", options()?.shim_cgroup.into()),
    ];
    let words = flags.into_iter().filter(|(_, value)| !value.is_empty());
    let words = words.flat_map(|(name, value)| [name.into(), value.into_vec()]);
    let words = std::iter::once(NAME.as_bytes().to_vec()).chain(words);
    let text = |word| CString::new(word).map_err(|e| Error::Usage(format!("an argument has a zero byte: {e}")));
    words.map(text).collect()
}

/// containerd's socket for events: it says where, and has always put it beside the other one.
fn events(address: &str) -> PathBuf {
    let said = std::env::var_os("TTRPC_ADDRESS").filter(|said| !said.is_empty());
    said.unwrap_or_else(|| format!("{address}.ttrpc").into()).into()
}

/// The runtime's options, which containerd writes to our standard input.
fn options() -> Result<Options> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().take(MOST_OPTIONS).read_to_end(&mut bytes);
    read.map_err(|e| Error::io("read", "standard input", e))?;
    let decode = |e: prost::DecodeError| Error::Decode("the runtime options", e.to_string());
    let any = Any::decode(bytes.as_slice()).map_err(decode)?;
    if any.type_url == OPTIONS { Options::decode(any.value.as_slice()).map_err(decode) } else { Ok(Options::default()) }
}

/// A shim goes before containerd when memory is short. Where that cannot be set, it keeps what it has.
fn stand_after_containerd(shim: Pid) {
    let Some(containerd) = rustix::process::getppid() else { return };
    let file = |pid: Pid| format!("/proc/{}/oom_score_adj", pid.as_raw_nonzero());
    let score = std::fs::read_to_string(file(containerd)).ok().and_then(|text| text.trim().parse::<i32>().ok());
    if let Some(score) = score.filter(|score| *score < 1000) {
        let _not_permitted = std::fs::write(file(shim), (score + 1).to_string());
    }
}

/// Puts a file in place whole.
fn write(path: &Path, text: &str) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}"));
    let written = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|e| Error::io("write", path.display().to_string(), e))
}
