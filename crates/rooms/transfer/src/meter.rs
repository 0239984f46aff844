//! Progress of bytes, not more often than anybody can see.

use std::time::{Duration, Instant};

use knarr_model::{Progress, Step};

/// Between two reports of one item.
const PAUSE: Duration = Duration::from_millis(100);

/// Reports the bytes of one item.
pub(crate) struct Meter<'a> {
    progress: &'a dyn Progress,
    id: &'a str,
    text: &'static str,
    total: u64,
    last: Option<Instant>,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(progress: &'a dyn Progress, id: &'a str, text: &'static str, total: u64) -> Self {
        Self { progress, id, text, total, last: None }
    }

    /// So many bytes are done.
    pub(crate) fn at(&mut self, current: u64) {
        if self.last.is_none_or(|last| last.elapsed() >= PAUSE) || current == self.total {
            self.last = Some(Instant::now());
            self.progress.step(Step::Bytes { id: self.id, text: self.text, current, total: self.total });
        }
    }
}
