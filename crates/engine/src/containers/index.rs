//! All containers, found by id, name or the beginning of an id.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use knarr_model::{ContainerId, Fault, Result};

use super::Container;

/// Readers take what is there at the moment and wait for nobody.
#[derive(Default)]
pub(crate) struct Containers(ArcSwap<BTreeMap<ContainerId, Arc<Container>>>);

impl Containers {
    /// Adds one.
    pub(crate) fn insert(&self, container: Arc<Container>) {
        self.change(|all| drop(all.insert(container.id().clone(), container.clone())));
    }

    /// Takes one away.
    pub(crate) fn remove(&self, id: &ContainerId) {
        self.change(|all| drop(all.remove(id)));
    }

    fn change(&self, change: impl Fn(&mut BTreeMap<ContainerId, Arc<Container>>)) {
        self.0.rcu(|all| {
            let mut next = BTreeMap::clone(all);
            change(&mut next);
            next
        });
    }

    /// All, in the order of their ids.
    pub(crate) fn all(&self) -> Vec<Arc<Container>> {
        self.0.load().values().cloned().collect()
    }

    /// By whole id, by name with or without a slash, or by an id's beginning that only one has.
    pub(crate) fn find(&self, text: &str) -> Result<Arc<Container>> {
        if text.is_empty() {
            return Err(Fault::invalid("invalid name or ID supplied: \"\""));
        }
        let missing = || Fault::not_found(format!("No such container: {text}"));
        let all = self.0.load();
        if let Some(exact) = text.parse::<ContainerId>().ok().and_then(|id| all.get(&id)) {
            return Ok(exact.clone());
        }
        let name = text.strip_prefix('/').unwrap_or(text);
        if let Some(named) = all.values().find(|container| container.view().name == name) {
            return Ok(named.clone());
        }
        let hex = text.bytes().all(|b| b.is_ascii_hexdigit());
        let mut matches = all.values().filter(|container| hex && container.id().as_str().starts_with(text));
        let first = matches.next().ok_or_else(missing)?;
        match matches.next() {
            None => Ok(first.clone()),
            Some(_) => Err(Fault::invalid(format!("Multiple IDs found with provided prefix: {text}"))),
        }
    }
}
