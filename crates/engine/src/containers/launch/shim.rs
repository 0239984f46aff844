//! Spawning shims.

use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use knarr_api::exec::CreateRequest;
use knarr_model::{Fault, Result};
use knarr_shim_client::{Input, Launch, LogFile, LogForm};
use knarr_spec::Process;

use super::{bundle, exit_file};
use crate::Engine;
use crate::containers::{Record, logs};
use crate::roots::private_dir;
use crate::shim::{Ended, reap};

/// How long a client may take nothing of what it is sent before it is cut off: somebody reads in a pager. Until then the
/// program waits for it as soon as the pipes are full.
const PATIENCE: Duration = Duration::from_secs(600);

/// The shim of a container: it waits for "go" on the stream.
pub(super) fn spawn(engine: &Engine, record: &Record, namespace: Option<BorrowedFd<'_>>) -> Result<UnixStream> {
    let bundle = bundle::dir(engine, record);
    let (bundle_text, rootfs) = (text(&bundle), text(&bundle.join("rootfs.json")));
    let verb = ["run", "--detach", "--bundle", &bundle_text, "--rootfs-snapshot", &rootfs, record.id.as_str()];
    let input = match (record.config.open_stdin, record.config.stdin_once) {
        (false, _) => Input::None,
        (true, true) => Input::Once,
        (true, false) => Input::Open,
    };
    let log_dir = engine.container_dir(&record.id).join("log");
    private_dir(&log_dir)?;
    let form = logs::form(record);
    let log_path = form.map(|form| log_dir.join(logs::file_name(form)));
    let (size, files) = log_limits(engine, record)?;
    let log = form.zip(log_path.as_deref()).map(|(form, path)| LogFile { path, form, size, files });
    let dir = engine.roots.exec("shims").join(record.id.as_str());
    private_dir(&dir)?;
    let (stream, _ended) = launch(Launch {
        shim: engine.programs.shim.as_fd(),
        runtime: engine.programs.runtime.as_fd(),
        namespace,
        dir: &dir,
        exit_file: &exit_file::path(engine, record),
        start_id: &record.state.start_id,
        tty: record.config.tty,
        input,
        log,
        patience: PATIENCE,
        runtime_args: &runtime_args(engine, &verb),
    })?;
    Ok(stream)
}

/// An exec session to start.
pub(crate) struct Session<'a> {
    pub(crate) id: &'a str,
    pub(crate) request: &'a CreateRequest,
    pub(crate) process: &'a Process,
}

/// The shim of an exec session, and what is closed when it ends; its exit file lies with it in the run root, because nobody asks for it after a reboot.
pub(crate) fn session(engine: &Engine, record: &Record, session: Session<'_>) -> Result<(UnixStream, Ended)> {
    let dir = engine.roots.exec("shims").join(session.id);
    private_dir(&dir)?;
    let process = dir.join("process.json");
    let json =
        serde_json::to_vec(session.process).map_err(|e| Fault::internal("cannot encode a process").because(e))?;
    std::fs::write(&process, json).map_err(|e| Fault::io(format!("write {}", process.display()), e))?;
    let verb = ["exec", "--detach", "--process", &text(&process), record.id.as_str()];
    launch(Launch {
        shim: engine.programs.shim.as_fd(),
        runtime: engine.programs.runtime.as_fd(),
        namespace: None,
        dir: &dir,
        exit_file: &dir.join("exit.json"),
        start_id: session.id,
        tty: session.request.tty,
        input: if session.request.attach_stdin { Input::Once } else { Input::None },
        log: None,
        patience: PATIENCE,
        runtime_args: &runtime_args(engine, &verb),
    })
}

fn launch(launch: Launch<'_>) -> Result<(UnixStream, Ended)> {
    let launched = knarr_shim_client::spawn(&launch)?;
    Ok((launched.stream, reap(launched.process)))
}

/// Our own binary as the runtime, its options, the verb.
fn runtime_args(engine: &Engine, verb: &[&str]) -> Vec<String> {
    let root = text(&engine.roots.exec("runtime"));
    let common = ["runtime", "--log-format", "json", "--root", &root];
    common.iter().chain(verb).map(|word| (*word).to_owned()).collect()
}

/// Docker's of `local`: the daemon's are those of json-file.
const LOCAL_LIMITS: (u64, u32) = (20 << 20, 5);

/// `max-size` and `max-file` of the log driver's options, else the daemon's.
fn log_limits(engine: &Engine, record: &Record) -> Result<(u64, u32)> {
    let options = &record.host.log_config.config;
    let invalid = |key: &str, value: &str| Fault::invalid(format!("invalid log option {key}={value}"));
    let (default_size, default_files) = match logs::form(record) {
        Some(LogForm::Local) => LOCAL_LIMITS,
        _ => (engine.config.log_max_size, engine.config.log_max_files),
    };
    let size = match options.get("max-size") {
        Some(value) => bytes(value).ok_or_else(|| invalid("max-size", value))?,
        None => default_size,
    };
    let files = match options.get("max-file") {
        Some(value) => {
            value.parse().ok().filter(|n| (1..=1000).contains(n)).ok_or_else(|| invalid("max-file", value))?
        }
        None => default_files,
    };
    Ok((size, files))
}

/// `10m`, `500k`, `1g`, bytes.
fn bytes(value: &str) -> Option<u64> {
    let lower = value.to_ascii_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match lower[digits.len()..].trim_end_matches('b') {
        "" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_sizes_have_units() {
        assert_eq!(bytes("10m"), Some(10 << 20));
        assert_eq!(bytes("5kb"), Some(5 << 10));
        assert_eq!(bytes("7"), Some(7));
        assert_eq!(bytes("x"), None);
    }
}
