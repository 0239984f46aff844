//! A line to a registry on which answers can be held back.

use std::io::Write as _;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use anyhow::Result;

use crate::gate::head;

/// Stands before a registry, and answers for one blob only when it is told to.
pub struct Held {
    address: SocketAddr,
    door: Arc<Door>,
}

#[derive(Default)]
struct Door {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Held {
    /// Starts one before the registry at `target` that holds back the blob `digest`.
    pub fn start(target: &str, digest: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (address, door) = (listener.local_addr()?, Arc::new(Door::default()));
        let (target, path, waits) = (target.to_owned(), format!("/blobs/{digest}"), door.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (target, path, door) = (target.clone(), path.clone(), waits.clone());
                // A connection that breaks is its client's business.
                std::thread::spawn(move || drop(pass(client, &target, &path, &door)));
            }
        });
        Ok(Self { address, door })
    }

    /// `HOST:PORT/NAME`.
    pub fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }

    /// Lets the answer through.
    pub fn release(&self) {
        *self.door.open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.door.opened.notify_all();
    }
}

/// One request a connection.
fn pass(mut client: TcpStream, target: &str, held: &str, door: &Door) -> Result<()> {
    let Some(head) = head(&mut client)? else {
        // TLS was tried first.
        return Ok(client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")?);
    };
    let (line, rest) = head.split_once("\r\n").unwrap_or((&head, ""));
    if line.contains(held) {
        let open = door.open.lock().unwrap_or_else(PoisonError::into_inner);
        drop(door.opened.wait_while(open, |open| !*open));
    }
    let mut registry = TcpStream::connect(target)?;
    write!(registry, "{line}\r\nConnection: close\r\n{rest}")?;
    std::io::copy(&mut registry, &mut client)?;
    Ok(client.shutdown(Shutdown::Both)?)
}
