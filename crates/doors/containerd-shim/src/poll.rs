//! The one loop that waits for everything: connections, ends of processes, streams, want of memory.
//!
//! A handler is called in the loop's thread only, when one of its descriptors is ready or its time has come. Others
//! may add handlers from any thread.

use std::collections::{BTreeMap, HashMap};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;
use rustix::time::Timespec;

use crate::{Error, Result, locked};

/// What the loop calls.
pub trait Ready: Send + Sync {
    /// A descriptor is ready, or the time has come.
    fn ready(&self, poll: &Poll, token: Token);
}

/// The name of a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(u64);

/// The loop.
pub struct Poll {
    epoll: OwnedFd,
    waker: OwnedFd,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: u64,
    handlers: HashMap<Token, Arc<dyn Ready>>,
    times: BTreeMap<(Instant, Token), ()>,
}

/// The name of no handler.
const NOBODY: Token = Token(0);

/// Events handled in one turn.
const BATCH: usize = 16;

impl Poll {
    /// A loop without handlers.
    pub fn new() -> Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC).map_err(|e| Error::io("make", "an epoll descriptor", e))?;
        let waker = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
            .map_err(|e| Error::io("make", "an event descriptor", e))?;
        let poll = Self { epoll, waker, state: Mutex::default() };
        poll.watch(&poll.waker, NOBODY)?;
        Ok(poll)
    }

    /// Ends the turn that is under way, from any thread.
    pub fn wake(&self) {
        // Full, it is awake.
        let _awake = rustix::io::write(&self.waker, &1u64.to_ne_bytes());
    }

    /// Adds a handler, which is told its name; its descriptors are to follow.
    pub fn add<H: Ready + 'static>(&self, make: impl FnOnce(Token) -> H) -> (Token, Arc<H>) {
        let mut state = locked(&self.state);
        state.last += 1;
        let token = Token(state.last);
        let handler = Arc::new(make(token));
        state.handlers.insert(token, handler.clone());
        (token, handler)
    }

    /// Watches a descriptor for a handler, again and again.
    pub fn watch(&self, fd: impl AsFd, token: Token) -> Result<()> {
        epoll::add(&self.epoll, fd, EventData::new_u64(token.0), EventFlags::IN)
            .map_err(|e| Error::io("watch", "a descriptor", e))
    }

    /// Watches a descriptor once. Regular files are always ready and cannot be watched.
    pub fn arm(&self, fd: impl AsFd, token: Token, events: EventFlags) -> Result<()> {
        let (data, flags) = (EventData::new_u64(token.0), events | EventFlags::ONESHOT);
        let armed = match epoll::modify(&self.epoll, fd.as_fd(), data, flags) {
            Err(Errno::NOENT) => epoll::add(&self.epoll, fd.as_fd(), data, flags),
            other => other,
        };
        armed.map_err(|e| Error::io("watch", "a descriptor", e))
    }

    /// Calls a handler at a time; for handlers themselves.
    pub fn wake_at(&self, time: Instant, token: Token) {
        locked(&self.state).times.insert((time, token), ());
    }

    /// Forgets a handler. Its descriptors leave when they are closed.
    pub fn remove(&self, token: Token) {
        let mut state = locked(&self.state);
        state.handlers.remove(&token);
        state.times.retain(|(_, of), ()| *of != token);
    }

    /// One turn: waits until something is ready, or until `limit`.
    pub fn turn(&self, limit: Option<Instant>) -> Result<()> {
        let next = locked(&self.state).times.first_key_value().map(|((time, _), ())| *time);
        let timeout = next.into_iter().chain(limit).min().map(remaining);
        let mut events: Vec<Event> = Vec::with_capacity(BATCH);
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(e) => return Err(Error::io("wait for", "events", e)),
        }
        let _was_asleep = rustix::io::read(&self.waker, &mut [0; 8]);
        let mut tokens: Vec<Token> = events.iter().map(|event| Token({ event.data }.u64())).collect();
        tokens.extend(self.due());
        for token in tokens {
            let handler = locked(&self.state).handlers.get(&token).cloned();
            if let Some(handler) = handler {
                handler.ready(self, token);
            }
        }
        Ok(())
    }

    fn due(&self) -> Vec<Token> {
        let now = Instant::now();
        let mut state = locked(&self.state);
        let mut due = Vec::new();
        while let Some(first) = state.times.first_entry().filter(|entry| entry.key().0 <= now) {
            due.push(first.remove_entry().0.1);
        }
        due
    }
}

fn remaining(time: Instant) -> Timespec {
    let left = time.saturating_duration_since(Instant::now());
    Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() }
}
