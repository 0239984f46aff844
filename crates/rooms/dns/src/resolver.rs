//! The sockets in the container's namespace, and the tasks that serve them.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use knarr_sys::netns;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::answer::local;
use crate::forward::{self, DATAGRAM};
use crate::message::{Code, Question};
use crate::{ADDRESS, Zone};

/// Questions and connections of one container that are under way at a time.
const MOST: usize = 128;
/// How long a connection may be silent.
const PATIENCE: Duration = Duration::from_secs(10);
/// What keeps a failing socket from keeping a processor busy.
const PAUSE: Duration = Duration::from_millis(100);

/// A server of names for one network namespace, until it is dropped.
pub struct Resolver {
    ports: (u16, u16),
    tasks: [JoinHandle<()>; 2],
}

/// What both tasks share.
struct Shared {
    zone: Box<dyn Zone>,
    under_way: Arc<Semaphore>,
    turn: AtomicUsize,
}

impl Resolver {
    /// Listens inside `namespace`. Must be called in the context of a tokio runtime.
    pub fn open(namespace: impl AsFd + Send, zone: impl Zone) -> io::Result<Self> {
        let (datagrams, streams) = netns::inside(namespace, || {
            let datagrams = std::net::UdpSocket::bind((ADDRESS, 0))?;
            let streams = std::net::TcpListener::bind((ADDRESS, 0))?;
            datagrams.set_nonblocking(true)?;
            streams.set_nonblocking(true)?;
            Ok::<_, io::Error>((datagrams, streams))
        })?;
        let ports = (datagrams.local_addr()?.port(), streams.local_addr()?.port());
        let (datagrams, streams) = (UdpSocket::from_std(datagrams)?, TcpListener::from_std(streams)?);
        let under_way = Arc::new(Semaphore::new(MOST));
        let shared = Arc::new(Shared { zone: Box::new(zone), under_way, turn: AtomicUsize::new(0) });
        let tasks = [
            tokio::spawn(serve_datagrams(Arc::new(datagrams), shared.clone())),
            tokio::spawn(serve_streams(streams, shared)),
        ];
        Ok(Self { ports, tasks })
    }

    /// Where it listens at [`ADDRESS`]: for datagrams, and for streams.
    pub fn ports(&self) -> (u16, u16) {
        self.ports
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Shared {
    /// The zone's answer; where it has none, the servers to ask and what to say if they don't answer.
    fn answer(&self, message: &[u8]) -> Option<Result<Vec<u8>, Vec<u8>>> {
        let question = Question::parse(message)?;
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        Some(local(&question, &*self.zone, turn).ok_or_else(|| question.answer(Code::Failure, &[])))
    }
}

async fn serve_datagrams(socket: Arc<UdpSocket>, shared: Arc<Shared>) {
    let mut buffer = vec![0; DATAGRAM];
    loop {
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let message = &buffer[..length];
        match shared.answer(message) {
            Some(Ok(answer)) => send(&socket, &answer, from).await,
            Some(Err(failure)) => {
                let Ok(permit) = shared.under_way.clone().try_acquire_owned() else { continue };
                let (socket, shared, message) = (socket.clone(), shared.clone(), message.to_vec());
                tokio::spawn(async move {
                    let answer = forward::datagram(&message, &shared.zone.upstreams()).await;
                    send(&socket, &answer.unwrap_or(failure), from).await;
                    drop(permit);
                });
            }
            None => {}
        }
    }
}

/// A client that has gone misses its answer.
async fn send(socket: &UdpSocket, answer: &[u8], to: SocketAddr) {
    let _ = socket.send_to(answer, to).await;
}

async fn serve_streams(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let Ok(permit) = shared.under_way.clone().try_acquire_owned() else { continue };
        let shared = shared.clone();
        tokio::spawn(async move {
            // It ends with its client, or by being silent for too long.
            let _ = serve_stream(stream, &shared).await;
            drop(permit);
        });
    }
}

async fn serve_stream(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    loop {
        let message = timeout(PATIENCE, forward::read(&mut stream)).await??;
        let answer = match shared.answer(&message) {
            Some(Ok(answer)) => answer,
            Some(Err(failure)) => forward::stream(&message, &shared.zone.upstreams()).await.unwrap_or(failure),
            None => return Ok(()),
        };
        timeout(PATIENCE, forward::write(&mut stream, &answer)).await??;
    }
}
