//! Networks: one file a verb; the network room does the work.

mod connect;
mod create;
mod inspect;
mod prune;
mod remove;

use std::collections::BTreeMap;

use crate::Event;

/// An event about a network.
fn event(action: &str, network: &knarr_network::Network) -> Event {
    let attributes = BTreeMap::from([
        ("name".to_owned(), network.name.clone()),
        ("type".to_owned(), network.driver.as_str().to_owned()),
    ]);
    Event::new("network", action, network.id.as_str()).with_all(&attributes)
}
