//! A line to a registry that is counted, and can fall silent.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;

/// Passes connections on, counts what comes back, and stops passing at `limit` bytes until it is raised.
pub struct Tap {
    addr: SocketAddr,
    limit: Arc<AtomicU64>,
    passed: Arc<AtomicU64>,
}

impl Tap {
    /// Starts one before `target`.
    pub fn start(target: &str, limit: u64) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (addr, target) = (listener.local_addr()?, target.to_owned());
        let (limit, passed) = (Arc::new(AtomicU64::new(limit)), Arc::new(AtomicU64::new(0)));
        let (bound, count) = (Arc::clone(&limit), Arc::clone(&passed));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(&target) else { continue };
                let (Ok(up_from), Ok(up_to)) = (client.try_clone(), server.try_clone()) else { continue };
                let (mut up, mut down) = ((up_from, up_to), (server, client));
                let (bound, count) = (Arc::clone(&bound), Arc::clone(&count));
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut up.0, &mut up.1);
                    let _ = up.1.shutdown(std::net::Shutdown::Write);
                });
                std::thread::spawn(move || answer(&mut down.0, &mut down.1, &bound, &count));
            }
        });
        Ok(Self { addr, limit, passed })
    }

    /// `HOST:PORT`.
    pub fn address(&self) -> String {
        self.addr.to_string()
    }

    /// Bytes that came back since the start, or the last reset.
    pub fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }

    /// Counts from 0 again, to another limit; what was counted.
    pub fn reset(&self, limit: u64) -> u64 {
        self.limit.store(limit, Ordering::Relaxed);
        self.passed.swap(0, Ordering::Relaxed)
    }
}

fn answer(from: &mut TcpStream, to: &mut TcpStream, limit: &AtomicU64, passed: &AtomicU64) {
    let mut buffer = [0; 16 << 10];
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        if passed.load(Ordering::Relaxed) >= limit.load(Ordering::Relaxed) {
            // Silent, but not closed: the client cannot tell it from a slow line.
            let _ = to.read(&mut buffer);
            return;
        }
        passed.fetch_add(n as u64, Ordering::Relaxed);
        if to.write_all(&buffer[..n]).is_err() {
            return;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
}
