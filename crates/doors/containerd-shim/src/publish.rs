//! Events, in their order, to containerd. While it is away they wait.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use prost::Message;

use crate::messages::events::{Envelope, Event, FORWARD, ForwardRequest, SERVICE};
use crate::messages::{Any, Timestamp};
use crate::ttrpc::Client;
use crate::{locked, log};

/// Events that are kept at most; the oldest are lost first.
const LIMIT: usize = 2048;
/// The pause before containerd is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// The queue of events.
pub struct Publisher {
    socket: PathBuf,
    namespace: String,
    queue: Mutex<VecDeque<Envelope>>,
    changed: Condvar,
}

impl Publisher {
    /// A queue for containerd's ttrpc socket.
    pub fn new(socket: PathBuf, namespace: String) -> Self {
        Self { socket, namespace, queue: Mutex::default(), changed: Condvar::new() }
    }

    /// Adds an event.
    pub fn send<E: Event>(&self, event: &E) {
        let envelope = Envelope {
            timestamp: Some(Timestamp::now()),
            namespace: self.namespace.clone(),
            topic: E::TOPIC.to_owned(),
            event: Some(Any::pack(E::NAME, event)),
        };
        let mut queue = locked(&self.queue);
        if queue.len() == LIMIT {
            queue.pop_front();
            log::warn("an event was lost: containerd has been away for too long");
        }
        queue.push_back(envelope);
        self.changed.notify_all();
    }

    /// Waits until all is said, at most until `limit`.
    pub fn flush(&self, limit: Instant) {
        let mut queue = locked(&self.queue);
        while !queue.is_empty() {
            let left = limit.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            queue = self.changed.wait_timeout(queue, left).unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
    }

    /// Sends events for ever: the work of a thread.
    pub fn run(&self) {
        let mut client = None;
        loop {
            let envelope = self.first();
            match self.forward(&mut client, envelope) {
                Ok(()) => {
                    locked(&self.queue).pop_front();
                    self.changed.notify_all();
                }
                Err(_containerd_away) => {
                    client = None;
                    std::thread::sleep(PAUSE);
                }
            }
        }
    }

    fn first(&self) -> Envelope {
        let mut queue = locked(&self.queue);
        loop {
            match queue.front() {
                Some(envelope) => return envelope.clone(),
                None => queue = self.changed.wait(queue).unwrap_or_else(std::sync::PoisonError::into_inner),
            }
        }
    }

    fn forward(&self, client: &mut Option<Client>, envelope: Envelope) -> std::io::Result<()> {
        let client = match client {
            Some(client) => client,
            None => client.insert(Client::connect(&self.socket)?),
        };
        let topic = envelope.topic.clone();
        let request = ForwardRequest { envelope: Some(envelope) };
        if let Err(status) = client.call(SERVICE, FORWARD, request.encode_to_vec())? {
            // containerd has heard it and does not want it: saying it again changes nothing.
            log::warn(&format!("containerd refuses the event {topic}: {}", status.message));
        }
        Ok(())
    }
}
