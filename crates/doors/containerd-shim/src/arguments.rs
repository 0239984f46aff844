//! The command line of a shim, as containerd writes it.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::{Error, Result};

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make a shim, or find the pod's, and print its address.
    Start,
    /// Clean up behind a shim that is dead.
    Delete,
    /// Be the shim.
    Serve,
    /// Print the version.
    Version,
}

/// The whole command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arguments {
    /// What to do.
    pub action: Action,
    /// containerd's namespace.
    pub namespace: String,
    /// The container, or for a serving shim its pod.
    pub id: String,
    /// containerd's socket.
    pub address: String,
    /// The bundle; the working directory where nothing is said.
    pub bundle: PathBuf,
    /// Where a serving shim sends its events: containerd's socket for ttrpc.
    pub events: PathBuf,
    /// Where a serving shim listens.
    pub socket: PathBuf,
    /// The cgroup that a serving shim joins.
    pub cgroup: String,
}

/// Reads flags in Go's manner (`-name value`, `--name=value`), then the action.
pub fn read(args: &[OsString]) -> Result<Arguments> {
    let mut read = Arguments {
        action: Action::Serve,
        namespace: String::new(),
        id: String::new(),
        address: String::new(),
        bundle: PathBuf::from("."),
        events: PathBuf::new(),
        socket: PathBuf::new(),
        cgroup: String::new(),
    };
    let mut words = args.iter().map(|arg| arg.to_string_lossy().into_owned());
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix("--").or(word.strip_prefix('-')) else {
            read.action = action(&word)?;
            continue;
        };
        let (name, glued) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value.to_owned())));
        match name {
            "v" => read.action = Action::Version,
            "debug" => {}
            _ => {
                let value = glued.or_else(|| words.next());
                read.set(name, value.ok_or_else(|| Error::Usage(format!("flag needs an argument: -{name}")))?)?;
            }
        }
    }
    read.check()
}

fn action(word: &str) -> Result<Action> {
    match word {
        "start" => Ok(Action::Start),
        "delete" => Ok(Action::Delete),
        other => Err(Error::Usage(format!("no such action: {other:?}; there are start and delete"))),
    }
}

impl Arguments {
    fn set(&mut self, name: &str, value: String) -> Result<()> {
        match name {
            "namespace" => self.namespace = value,
            "id" => self.id = value,
            "address" => self.address = value,
            "bundle" => self.bundle = value.into(),
            "events" => self.events = value.into(),
            "socket" => self.socket = value.into(),
            "cgroup" => self.cgroup = value,
            // Events go over ttrpc, and what we log is always the same.
            "publish-binary" | "log-level" | "log-format" => {}
            _ => return Err(Error::Usage(format!("flag provided but not defined: -{name}"))),
        }
        Ok(())
    }

    fn check(self) -> Result<Self> {
        if self.action == Action::Version {
            return Ok(self);
        }
        if self.namespace.is_empty() {
            return Err(Error::Usage("shim namespace cannot be empty".to_owned()));
        }
        if self.id.is_empty() {
            return Err(Error::Usage("-id is missing: this program is started by containerd".to_owned()));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Arguments> {
        read(&text.split(' ').map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_command_lines_of_containerd() {
        let text = "-namespace k8s.io -address /run/c.sock -publish-binary /usr/bin/containerd -id c1 start";
        let read = read_text(text).unwrap();
        assert_eq!((read.action, read.namespace.as_str(), read.id.as_str()), (Action::Start, "k8s.io", "c1"));
        let read = read_text("-debug --namespace=n -id c1 -bundle /b delete").unwrap();
        assert_eq!((read.action, read.bundle), (Action::Delete, PathBuf::from("/b")));
        assert_eq!(read_text("-v").unwrap().action, Action::Version);
    }

    #[test]
    fn what_is_missing_or_unknown_is_refused() {
        for bad in ["-id c1 start", "-namespace n start", "-namespace n -id c1 stop", "-nope x", "-id"] {
            assert!(read_text(bad).is_err(), "{bad}");
        }
    }
}
