//! What happened, told to whoever listens.

mod bus;
mod event;

pub use bus::{Delivery, Events, Query, Subscription};
pub use event::Event;
