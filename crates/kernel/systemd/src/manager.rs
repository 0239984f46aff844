//! systemd's manager: the calls that are needed.

use std::path::{Path, PathBuf};

use crate::connection::Connection;
use crate::wire::{ERROR, Message, REPLY, SIGNAL, Writer};
use crate::{Error, Property, Result};

/// What exists where systemd is what started the host (sd_booted(3)).
const BOOTED: &str = "/run/systemd/system";
/// The private socket of the system's manager.
const SYSTEM: &str = "/run/systemd/private";

/// A connection to the manager.
#[derive(Debug)]
pub struct Manager(Connection);

impl Manager {
    /// The system's manager, or where this process is not root's the user's own.
    pub fn of_caller() -> Result<Self> {
        if !Path::new(BOOTED).is_dir() {
            return Err(Error::Absent(BOOTED.to_owned()));
        }
        if rustix::process::geteuid().is_root() {
            return Self::open(Path::new(SYSTEM));
        }
        let folder = std::env::var_os("XDG_RUNTIME_DIR").unwrap_or_default();
        Self::open(&PathBuf::from(folder).join("systemd/private"))
    }

    /// The manager behind a private socket.
    pub fn open(socket: &Path) -> Result<Self> {
        let mut manager = Self(Connection::open(socket)?);
        // Jobs are told of to subscribers only.
        manager.ask("Subscribe", "", Writer::default())?;
        Ok(manager)
    }

    /// Starts a unit that is written nowhere, and waits until it has started.
    pub fn start(&mut self, unit: &str, properties: &[Property]) -> Result<()> {
        let mut body = Writer::default();
        body.text(unit);
        body.text("replace");
        body.properties(properties);
        body.no_units();
        self.job("StartTransientUnit", "ssa(sv)a(sa(sv))", unit, body)
    }

    /// Changes properties of a unit until it ends.
    pub fn set(&mut self, unit: &str, properties: &[Property]) -> Result<()> {
        let mut body = Writer::default();
        body.text(unit);
        body.flag(true);
        body.properties(properties);
        self.ask("SetUnitProperties", "sba(sv)", body).map(drop)
    }

    /// Stops a unit and forgets that it failed; one that is gone is no error.
    pub fn stop(&mut self, unit: &str) -> Result<()> {
        let mut body = Writer::default();
        body.text(unit);
        body.text("replace");
        match self.job("StopUnit", "ss", unit, body) {
            Err(Error::Refused { .. }) => {}
            other => other?,
        }
        let mut body = Writer::default();
        body.text(unit);
        match self.ask("ResetFailedUnit", "s", body) {
            Err(Error::Refused { .. }) | Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// A call whose answer is a job, which is waited for.
    fn job(&mut self, call: &'static str, signature: &str, unit: &str, body: Writer) -> Result<()> {
        // The end of a quick job may be told of before the call is answered.
        let mut ended = Vec::new();
        let job = self.answer(call, signature, body, |message| ended.push(message))?.texts.into_iter().next();
        let job = job.ok_or(Error::Message("an answer names no job"))?;
        loop {
            let of_ours = |message: &Message| message.member == "JobRemoved" && message.texts.first() == Some(&job);
            if let Some(message) = ended.iter().find(|message| of_ours(message)) {
                let result = message.texts.last().cloned().unwrap_or_default();
                return if result == "done" { Ok(()) } else { Err(Error::Job { call, unit: unit.to_owned(), result }) };
            }
            ended = vec![self.0.message()?];
        }
    }

    fn ask(&mut self, call: &'static str, signature: &str, body: Writer) -> Result<Message> {
        self.answer(call, signature, body, drop)
    }

    fn answer(
        &mut self,
        call: &'static str,
        signature: &str,
        body: Writer,
        mut meanwhile: impl FnMut(Message),
    ) -> Result<Message> {
        let serial = self.0.call(call, signature, &body.0)?;
        loop {
            let message = self.0.message()?;
            match message.kind {
                REPLY if message.answers == serial => return Ok(message),
                ERROR if message.answers == serial => {
                    let text = message.texts.into_iter().next().unwrap_or(message.member);
                    return Err(Error::Refused { call, text });
                }
                SIGNAL => meanwhile(message),
                _ => {}
            }
        }
    }
}
