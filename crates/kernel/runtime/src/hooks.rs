//! Hooks: programs that the document names, told the state on standard input (config.md, "POSIX-platform Hooks").

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use knarr_spec::{Hook, State};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::log::Log;
use crate::{Error, Result};

/// Runs the hooks of a list in order; the first that fails ends it.
pub fn run(stage: &'static str, hooks: &[Hook], state: &State) -> Result<()> {
    hooks.iter().try_for_each(|hook| {
        let fault = |reason: String| Error::Hook { stage, path: hook.path.clone(), reason };
        one(hook, state).map_err(fault)
    })
}

/// Runs the hooks of a list in order; one that fails is told in the log, and the next ones run all the same.
pub fn run_all(stage: &'static str, hooks: &[Hook], state: &State, log: &Log) {
    for hook in hooks {
        if let Err(error) = run(stage, std::slice::from_ref(hook), state) {
            log.warn(&error.full());
        }
    }
}

fn one(hook: &Hook, state: &State) -> Result<(), String> {
    let text = serde_json::to_vec(state).map_err(|e| e.to_string())?;
    let mut child = command(hook).spawn().map_err(|e| e.to_string())?;
    if let Some(mut input) = child.stdin.take() {
        // A hook need not read what it is told.
        let _closed_early = input.write_all(&text);
    }
    if let Some(seconds) = hook.timeout {
        end_in_time(&mut child, seconds)?;
    }
    let status = child.wait().map_err(|e| e.to_string())?;
    if status.success() { Ok(()) } else { Err(status.to_string()) }
}

fn command(hook: &Hook) -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(&hook.path);
    if let Some((name, rest)) = hook.args.split_first() {
        command.arg0(name).args(rest);
    }
    let variables = hook.env.iter().filter_map(|variable| variable.split_once('='));
    command.env_clear().envs(variables).stdin(Stdio::piped()).stdout(Stdio::null());
    command
}

fn end_in_time(child: &mut Child, seconds: i64) -> Result<(), String> {
    let pid = Pid::from_raw(child.id() as i32).ok_or("it has no process id")?;
    let process = pidfd_open(pid, PidfdFlags::empty()).map_err(|e| e.to_string())?;
    let limit = Duration::from_secs(seconds.max(0) as u64);
    let timeout = Timespec { tv_sec: limit.as_secs() as i64, tv_nsec: 0 };
    let ready = poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&timeout)).map_err(|e| e.to_string())?;
    if ready > 0 {
        return Ok(());
    }
    child.kill().and_then(|()| child.wait()).map_err(|e| e.to_string())?;
    Err(format!("not done after {seconds} s"))
}
