//! Namespaces that are ready before they are asked for: making one takes the kernel longer than all the rest of a start.

use std::sync::{Mutex, PoisonError};

use crate::{NetworkError, Sandbox};

/// A few ready namespaces.
pub(crate) struct Pool {
    ready: Mutex<Vec<Sandbox>>,
    target: usize,
    mtu: u32,
}

impl Pool {
    /// An empty pool that wants to hold `target` namespaces.
    pub(crate) fn new(target: usize, mtu: u32) -> Self {
        Self { ready: Mutex::default(), target, mtu }
    }

    /// A ready namespace, made now where none is left.
    pub(crate) fn take(&self) -> Result<Sandbox, NetworkError> {
        let ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner).pop();
        ready.map_or_else(|| Sandbox::ready(self.mtu), Ok)
    }

    /// Makes one namespace if some are missing; whether more are.
    pub(crate) fn refill(&self) -> Result<bool, NetworkError> {
        if self.len() >= self.target {
            return Ok(false);
        }
        let sandbox = Sandbox::ready(self.mtu)?;
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).push(sandbox);
        Ok(self.len() < self.target)
    }

    /// Empties the pool and returns the links that its namespaces have on the host.
    pub(crate) fn drain(&self) -> Vec<String> {
        let ready = std::mem::take(&mut *self.ready.lock().unwrap_or_else(PoisonError::into_inner));
        ready.iter().filter_map(|sandbox| sandbox.spare_link().map(str::to_owned)).collect()
    }

    fn len(&self) -> usize {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
