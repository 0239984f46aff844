//! The client's side: one call after the other.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use prost::Message;

use super::frame::{self, REQUEST};
use crate::messages::ttrpc;

/// How long the other side may take for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a call came to.
pub type Answer = Result<Vec<u8>, ttrpc::Status>;

/// A connection to a server.
pub struct Client {
    connection: UnixStream,
    last_stream: u32,
}

impl Client {
    /// Connects.
    pub fn connect(path: &Path) -> io::Result<Self> {
        let connection = UnixStream::connect(path)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        connection.set_write_timeout(Some(PATIENCE))?;
        Ok(Self::over(connection))
    }

    /// Speaks over a connection that is there.
    pub fn over(connection: UnixStream) -> Self {
        // Clients have the odd numbers; the first one is 1.
        Self { connection, last_stream: u32::MAX }
    }

    /// Calls and waits for the answer.
    pub fn call(&mut self, service: &str, method: &str, payload: Vec<u8>) -> io::Result<Answer> {
        let own = self.begin(service, method, payload)?;
        loop {
            let (stream, answer) = self.answer()?;
            if stream == own {
                return Ok(answer);
            }
        }
    }

    /// Sends a call; gives its stream.
    pub fn begin(&mut self, service: &str, method: &str, payload: Vec<u8>) -> io::Result<u32> {
        self.last_stream = self.last_stream.wrapping_add(2);
        let request = ttrpc::Request {
            service: service.to_owned(),
            method: method.to_owned(),
            payload,
            timeout_nano: PATIENCE.as_nanos() as i64,
        };
        frame::write(&mut self.connection, self.last_stream, REQUEST, &request.encode_to_vec())?;
        Ok(self.last_stream)
    }

    /// Waits for the next answer to any call.
    pub fn answer(&mut self) -> io::Result<(u32, Answer)> {
        let head = frame::read_head(&mut self.connection)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let message = frame::read_message(&mut self.connection, head)?.ok_or(io::ErrorKind::InvalidData)?;
        let response = ttrpc::Response::decode(message.as_slice()).map_err(io::Error::other)?;
        let answer = match response.status {
            Some(status) if status.code != 0 => Err(status),
            _ => Ok(response.payload),
        };
        Ok((head.stream, answer))
    }
}
