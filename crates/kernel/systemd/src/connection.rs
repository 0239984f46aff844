//! A connection to systemd's private socket: it is authenticated by the caller's user id, and nobody else listens.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use crate::wire::{self, HEAD, Message};
use crate::{Error, Result};

/// How long systemd may take to answer.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A connection.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    path: String,
    serial: u32,
}

impl Connection {
    /// Connects and authenticates.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let fault = |source| Error::Io { operation: "reach", path: name.clone(), source };
        let stream = UnixStream::connect(path).map_err(fault)?;
        stream
            .set_read_timeout(Some(PATIENCE))
            .and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
            .map_err(fault)?;
        let mut connection = Self { stream, path: name, serial: 0 };
        connection.authenticate()?;
        Ok(connection)
    }

    fn authenticate(&mut self) -> Result<()> {
        let uid = rustix::process::geteuid().as_raw().to_string();
        let hex: String = uid.bytes().map(|byte| format!("{byte:02x}")).collect();
        self.send(format!("\0AUTH EXTERNAL {hex}\r\n").as_bytes())?;
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let mut byte = [0u8; 1];
            self.receive(&mut byte)?;
            line.push(byte[0]);
            if line.len() > 512 {
                return Err(Error::Message("its greeting is too long"));
            }
        }
        if !line.starts_with(b"OK ") {
            return Err(Error::Message("it does not know this user"));
        }
        self.send(b"BEGIN\r\n")
    }

    /// Sends a call; gives its serial number.
    pub fn call(&mut self, member: &'static str, signature: &str, body: &[u8]) -> Result<u32> {
        self.serial += 1;
        self.send(&wire::call(self.serial, member, signature, body))?;
        Ok(self.serial)
    }

    /// Waits for the next message.
    pub fn message(&mut self) -> Result<Message> {
        let mut head = [0u8; HEAD];
        self.receive(&mut head)?;
        let mut message = vec![0; wire::length(&head)?];
        message[..HEAD].copy_from_slice(&head);
        self.receive(&mut message[HEAD..])?;
        wire::read(&message)
    }

    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        let Self { stream, path, .. } = self;
        stream.write_all(bytes).map_err(|source| Error::Io { operation: "talk to", path: path.clone(), source })
    }

    fn receive(&mut self, bytes: &mut [u8]) -> Result<()> {
        let Self { stream, path, .. } = self;
        stream.read_exact(bytes).map_err(|source| Error::Io { operation: "listen to", path: path.clone(), source })
    }
}
