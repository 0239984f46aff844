//! `kill`: sends a signal.

use std::os::fd::AsFd;
use std::path::Path;

use knarr_spec::Status;
use knarr_sys::signals;
use rustix::process::Signal;

use crate::arguments::{Flag, Global, Words};
use crate::record::Record;
use crate::verbs::Verb;
use crate::{Error, Result};

/// Names in the order of their numbers, from 1 (signal(7)).
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
    "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
    "PWR", "SYS",
];

/// Sends `signal` to the container's first process, or with `all` to every process in its cgroup.
pub fn kill(root: &Path, id: &str, signal: i32, all: bool) -> Result<()> {
    let record = Record::read(root, id)?;
    if all {
        return kill_all(&record, signal);
    }
    let Some(process) = record.process()? else {
        return Err(Error::Status { operation: "kill", id: id.to_owned(), status: Status::Stopped });
    };
    signals::send_to(process.as_fd(), signal).map_err(|e| Error::io("signal", id, e))?;
    if signal == Signal::KILL.as_raw() {
        // A frozen process dies only when it is let go.
        match record.cgroup() {
            Err(Error::NoCgroup(_)) => {}
            cgroup => cgroup?.thaw()?,
        }
    }
    Ok(())
}

fn kill_all(record: &Record, signal: i32) -> Result<()> {
    let cgroup = record.cgroup()?;
    if signal == Signal::KILL.as_raw() {
        return Ok(cgroup.kill_all()?);
    }
    let signal = Signal::from_named_raw(signal).ok_or_else(|| Error::Usage(format!("--all with signal {signal}")))?;
    Ok(cgroup.signal_all(signal)?)
}

/// Reads `TERM`, `SIGTERM`, `15`, `RTMIN+3`.
pub fn parse_signal(text: &str) -> Result<i32> {
    let unknown = || Error::Usage(format!("unknown signal {text:?}"));
    if let Ok(number) = text.parse::<i32>() {
        return if (1..=64).contains(&number) { Ok(number) } else { Err(unknown()) };
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    if let Some(index) = NAMES.iter().position(|known| *known == name) {
        return Ok(index as i32 + 1);
    }
    real_time(name).ok_or_else(unknown)
}

/// The C library keeps the first two real-time signals for itself, so that `RTMIN` is 34.
fn real_time(name: &str) -> Option<i32> {
    const RTMIN: i32 = 34;
    const RTMAX: i32 = 64;
    let number = match (name.strip_prefix("RTMIN"), name.strip_prefix("RTMAX")) {
        (Some(""), _) => RTMIN,
        (_, Some("")) => RTMAX,
        (Some(more), _) => RTMIN + more.strip_prefix('+')?.parse::<i32>().ok()?,
        (_, Some(less)) => RTMAX - less.strip_prefix('-')?.parse::<i32>().ok()?,
        _ => return None,
    };
    (RTMIN..=RTMAX).contains(&number).then_some(number)
}

/// The command.
pub const VERB: Verb = Verb {
    name: "kill",
    operands: "CONTAINER [SIGNAL]",
    about: "send a signal, SIGTERM by default",
    flags: &[Flag::switch("all", b'a', "to all processes, not only the first")],
    run: main,
};

fn main(global: &Global, words: &Words) -> Result<i32> {
    let (id, signal) = match words.rest.as_slice() {
        [id] => (id, "TERM"),
        [id, signal] => (id, signal.as_str()),
        _ => return Err(Error::Usage("kill needs a container id and at most one signal".to_owned())),
    };
    kill(&global.root, id, parse_signal(signal)?, words.has("all"))?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_names_and_numbers() {
        for (text, number) in [("TERM", 15), ("sigkill", 9), ("9", 9), ("SYS", 31), ("RTMIN+3", 37), ("SIGRTMAX-1", 63)]
        {
            assert_eq!(parse_signal(text).unwrap(), number, "{text}");
        }
        for bad in ["", "0", "65", "-1", "NOPE", "RTMIN+40"] {
            assert!(parse_signal(bad).is_err(), "{bad}");
        }
    }
}
