//! The terminal's size, and telling the daemon when it changes.

use std::io::{IsTerminal, stdout};

use tokio::signal::unix::{SignalKind, signal};

use crate::client::{Call, Client};

/// Rows and columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) rows: u16,
    pub(crate) columns: u16,
}

/// What is resized.
#[derive(Debug, Clone)]
pub(crate) enum Resize {
    /// A container's terminal.
    Container(String),
    /// An exec session's.
    Exec(String),
}

/// The size of the terminal at stdout.
pub(crate) fn size_of_stdout() -> Option<Size> {
    if !stdout().is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(stdout()).ok()?;
    Some(Size { rows: size.ws_row, columns: size.ws_col })
}

/// Tells the size now and at every change, until it is dropped. What has ended cannot be resized: errors have no consequence.
pub(crate) async fn follow_size(client: Client, target: Resize) {
    let Ok(mut changes) = signal(SignalKind::window_change()) else { return };
    loop {
        if let Some(size) = size_of_stdout().filter(|size| size.rows > 0 && size.columns > 0) {
            let _ = client.done(call(&target, size)).await;
        }
        if changes.recv().await.is_none() {
            return;
        }
    }
}

fn call(target: &Resize, size: Size) -> Call {
    let call = match target {
        Resize::Container(id) => Call::post(&["containers", id, "resize"]),
        Resize::Exec(id) => Call::post(&["exec", id, "resize"]),
    };
    call.query("h", size.rows.to_string()).query("w", size.columns.to_string())
}
