//! Signals that we get, passed on to the container.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::client::{Call, Client};

/// What is passed on, by number and name.
const FORWARDED: &[(i32, &str)] = &[
    (1, "HUP"),
    (2, "INT"),
    (3, "QUIT"),
    (6, "ABRT"),
    (10, "USR1"),
    (12, "USR2"),
    (14, "ALRM"),
    (15, "TERM"),
    (18, "CONT"),
];

/// Starts catching signals now, and passes them on to a container until the returned future is dropped.
pub(crate) fn forward_signals(client: Client, id: String) -> impl Future<Output = ()> {
    let (sender, mut receiver) = mpsc::channel(16);
    for (number, name) in FORWARDED {
        let Ok(mut stream) = signal(SignalKind::from_raw(*number)) else { continue };
        let sender = sender.clone();
        tokio::spawn(async move { while stream.recv().await.is_some() && sender.send(*name).await.is_ok() {} });
    }
    async move {
        while let Some(name) = receiver.recv().await {
            // The container may have ended a moment ago.
            let _ = client.done(Call::post(&["containers", &id, "kill"]).query("signal", name)).await;
        }
    }
}
