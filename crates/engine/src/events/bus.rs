//! The bus: a bounded broadcast and the last thousand events.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast::{self, error::RecvError};

use super::Event;
use crate::{Filters, Timestamp};

/// How many past events are kept for `since`.
const KEPT: usize = 1000;
/// How many events a subscriber may lag behind before it loses the oldest.
const LAG: usize = 1024;

/// Where events are published and read.
pub struct Events {
    past: Mutex<VecDeque<Arc<Event>>>,
    sender: broadcast::Sender<Arc<Event>>,
}

/// Which events a subscriber wants.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Kept events from this time on come first.
    pub since: Option<Timestamp>,
    /// The subscription ends at this time.
    pub until: Option<Timestamp>,
    /// `type`, `event`, `container`, `image`, `label`, `network`, `volume`, `daemon`, `scope`.
    pub filters: Filters,
}

/// What a subscriber gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// An event.
    Event(Arc<Event>),
    /// The subscriber was too slow: so many events were dropped.
    Gap(u64),
}

/// A subscriber's end: past events first, then live ones.
pub struct Subscription {
    past: VecDeque<Arc<Event>>,
    live: broadcast::Receiver<Arc<Event>>,
    query: Query,
}

impl Default for Events {
    fn default() -> Self {
        Self { past: Mutex::new(VecDeque::with_capacity(KEPT)), sender: broadcast::channel(LAG).0 }
    }
}

impl Events {
    fn past(&self) -> MutexGuard<'_, VecDeque<Arc<Event>>> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells everybody. Never waits.
    pub fn publish(&self, event: Event) {
        let event = Arc::new(event);
        let mut past = self.past();
        if past.len() == KEPT {
            past.pop_front();
        }
        past.push_back(event.clone());
        // Nobody listening is no error; sent under the lock so that a new subscriber sees each event exactly once.
        let _ = self.sender.send(event);
    }

    /// Listens from now on, or from `query.since` on.
    pub fn subscribe(&self, query: Query) -> Subscription {
        let past = self.past();
        let live = self.sender.subscribe();
        let wanted = |event: &&Arc<Event>| query.since.is_some_and(|since| event.time >= since);
        Subscription { past: past.iter().filter(wanted).cloned().collect(), live, query }
    }

    /// How many listen at this moment.
    pub fn listeners(&self) -> usize {
        self.sender.receiver_count()
    }
}

impl Subscription {
    /// The next wanted event; none at the end (`until` is reached).
    pub async fn next(&mut self) -> Option<Delivery> {
        while let Some(event) = self.past.pop_front() {
            if self.query.until.is_some_and(|until| event.time > until) {
                return None;
            }
            if self.query.wants(&event) {
                return Some(Delivery::Event(event));
            }
        }
        let end = self.query.until.map(until_instant);
        loop {
            let received = match end {
                Some(end) => tokio::time::timeout_at(end, self.live.recv()).await.ok()?,
                None => self.live.recv().await,
            };
            match received {
                Ok(event) if self.query.wants(&event) => return Some(Delivery::Event(event)),
                Ok(_) => {}
                Err(RecvError::Lagged(lost)) => return Some(Delivery::Gap(lost)),
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

fn until_instant(until: Timestamp) -> tokio::time::Instant {
    let ahead = until.nanoseconds().saturating_sub(Timestamp::now().nanoseconds()).max(0);
    tokio::time::Instant::now() + std::time::Duration::from_nanos(ahead.unsigned_abs())
}

impl Query {
    fn wants(&self, event: &Event) -> bool {
        let verb = event.action.split(':').next().unwrap_or_default();
        self.filters.any("type", |kind| kind == event.kind)
            && self.filters.any("event", |action| action == verb || action == event.action)
            && self.filters.any("scope", |scope| scope == "local")
            && ["container", "network", "volume", "daemon"].iter().all(|kind| self.wants_object(kind, event))
            && self.filters.any("image", |image| names_image(event, image))
            && self.filters.labels(&event.attributes)
    }

    fn wants_object(&self, kind: &str, event: &Event) -> bool {
        let named = |wanted: &str| {
            event.id.starts_with(wanted) || event.attributes.get("name").is_some_and(|name| name.starts_with(wanted))
        };
        self.filters.any(kind, |wanted| event.kind == kind && !wanted.is_empty() && named(wanted))
    }
}

fn names_image(event: &Event, wanted: &str) -> bool {
    let name = match event.kind {
        "image" => event.attributes.get("name"),
        _ => event.attributes.get("image"),
    };
    event.id == wanted || name.is_some_and(|name| name == wanted || name.split(':').next() == Some(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(text: &str) -> Query {
        Query { filters: Filters::parse(text).unwrap(), since: Some(Timestamp::NEVER), until: None }
    }

    #[tokio::test]
    async fn past_events_come_first_and_filters_hold() {
        let bus = Events::default();
        bus.publish(Event::new("container", "start", "abc").with("name", "web"));
        bus.publish(Event::new("image", "pull", "debian"));
        let mut all = bus.subscribe(filters(r#"{"container":["web"]}"#));
        bus.publish(Event::new("container", "die", "abc").with("name", "web"));
        for expected in ["start", "die"] {
            let Some(Delivery::Event(event)) = all.next().await else { panic!("no event") };
            assert_eq!(event.action, expected);
        }
    }

    #[tokio::test]
    async fn a_slow_subscriber_is_told_of_the_gap() {
        let bus = Events::default();
        let mut slow = bus.subscribe(Query::default());
        for _ in 0..LAG + 3 {
            bus.publish(Event::new("daemon", "reload", "x"));
        }
        assert_eq!(slow.next().await, Some(Delivery::Gap(3)));
    }

    #[tokio::test]
    async fn until_ends_the_subscription() {
        let bus = Events::default();
        let mut ended = bus.subscribe(Query { until: Some(Timestamp::now()), ..Query::default() });
        assert_eq!(ended.next().await, None);
    }
}
