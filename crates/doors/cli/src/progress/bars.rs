//! Bars, one a layer.

use std::collections::HashMap;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use knarr_api::image::Progress;

use super::{Target, plain};
use crate::error::Result;
use crate::output::visible;

/// A layer about which only words are known.
const WORDS: &str = "{prefix}: {msg}";
/// A layer of which bytes are done, and how fast.
const BYTES: &str = "{prefix}: {msg:12} [{bar:30}] {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec}";

/// One bar a layer, below what has been said.
pub(super) struct Bars {
    target: Target,
    all: MultiProgress,
    by_id: HashMap<String, ProgressBar>,
}

impl Bars {
    pub(super) fn new(target: Target) -> Self {
        let draw = if target == Target::Stdout { ProgressDrawTarget::stdout() } else { ProgressDrawTarget::stderr() };
        Self { target, all: MultiProgress::with_draw_target(draw), by_id: HashMap::new() }
    }

    pub(super) fn show(&mut self, line: &Progress) -> Result {
        let id = line.id.clone().unwrap_or_default();
        let (Some(status), true) = (&line.status, line.progress_detail.is_some() && !id.is_empty()) else {
            let text = plain(line);
            return self.all.suspend(|| self.target.print(&text));
        };
        let all = &self.all;
        let bar = self.by_id.entry(id.clone()).or_insert_with(|| {
            all.add(ProgressBar::hidden().with_style(style(WORDS)).with_prefix(visible(&id).into_owned()))
        });
        let detail = line.progress_detail.clone().unwrap_or_default();
        if let (Ok(total @ 1..), Ok(current)) = (u64::try_from(detail.total), u64::try_from(detail.current)) {
            bar.set_style(style(BYTES));
            bar.set_length(total);
            bar.set_position(current);
        } else {
            bar.set_style(style(WORDS));
        }
        bar.set_message(visible(status).into_owned());
        bar.tick();
        Ok(())
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.by_id.values().for_each(ProgressBar::abandon);
        if !self.by_id.is_empty() {
            // The cursor is left behind the last bar.
            let _ = self.target.print("\n");
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates are ours; one that were wrong would show indicatif's own bar.
    ProgressStyle::with_template(template)
        .map_or_else(|_| ProgressStyle::default_bar(), |style| style.progress_chars("=> "))
}
