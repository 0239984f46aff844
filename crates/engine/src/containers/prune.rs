//! `container prune`.

use std::sync::Arc;

use knarr_api::container::PruneResponse;
use knarr_model::Result;

use super::Status;
use crate::engine::blocking;
use crate::{Engine, Filters, Timestamp};

impl Engine {
    /// Removes all containers that do not run and pass `filters` (`until`, `label`, `label!`); without any, what is in quarantine of containers too.
    pub async fn prune_containers(self: &Arc<Self>, filters: &Filters) -> Result<PruneResponse> {
        filters.only(&["until", "label", "label!"])?;
        let before = match filters.get("until").first() {
            Some(text) => Some(prune_time(text)?),
            None => None,
        };
        let mut response = PruneResponse::default();
        for container in self.containers.all() {
            let view = container.view();
            let rests = matches!(view.state.status, Status::Created | Status::Exited | Status::Dead);
            let old = before.is_none_or(|before| view.created < before);
            if !rests || !old || !filters.labels(&view.config.labels) {
                continue;
            }
            let size = self.size_rw(&view).await.unwrap_or_default();
            if self.remove(view.id.as_str(), false, false).await.is_ok() {
                response.containers_deleted.push(view.id.to_string());
                response.space_reclaimed += size;
            }
        }
        if filters.is_empty() {
            let engine = self.clone();
            response.space_reclaimed += blocking(move || engine.prune_quarantine(&["container"])).await?;
        }
        self.events.publish(
            crate::Event::new("container", "prune", "").with("reclaimed", response.space_reclaimed.to_string()),
        );
        Ok(response)
    }
}

/// `until`: a point in time, or a duration before now in Go's notation.
pub(crate) fn prune_time(text: &str) -> Result<Timestamp> {
    let wrong = || knarr_model::Fault::invalid(format!("invalid filter 'until={text}'"));
    if let Some(time) = Timestamp::parse_query(text) {
        return Ok(time);
    }
    let duration = crate::time::duration(text).ok_or_else(wrong)?;
    let now = Timestamp::now();
    let nanoseconds = now.nanoseconds().saturating_sub(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX));
    let (seconds, rest) = (nanoseconds.div_euclid(1_000_000_000), nanoseconds.rem_euclid(1_000_000_000));
    Ok(Timestamp::from_unix(seconds, u32::try_from(rest).unwrap_or_default()))
}
