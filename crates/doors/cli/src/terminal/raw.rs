//! Raw mode of stdin, undone when dropped and on signals that end us.

use std::io::{IsTerminal, stdin};
use std::sync::Mutex;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};

use crate::error::{Error, Result};

/// What stdin was before, while it is raw.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Stdin is raw as long as this lives.
pub(crate) struct RawMode(());

impl RawMode {
    /// Makes stdin raw; none where it is no terminal. Where signals are not passed on, one that ends us restores stdin first.
    pub(crate) fn enter(signals_are_forwarded: bool) -> Result<Option<Self>> {
        if !stdin().is_terminal() {
            return Ok(None);
        }
        let before = tcgetattr(stdin()).map_err(|e| Error::io("read the terminal's mode", e.into()))?;
        let mut raw = before.clone();
        raw.make_raw();
        if let Ok(mut slot) = BEFORE.lock() {
            *slot = Some(before);
        }
        tcsetattr(stdin(), OptionalActions::Now, &raw).map_err(|e| Error::io("set the terminal's mode", e.into()))?;
        if !signals_are_forwarded {
            tokio::spawn(restore_on_signal());
        }
        Ok(Some(Self(())))
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        restore();
    }
}

fn restore() {
    let before = BEFORE.lock().ok().and_then(|mut slot| slot.take());
    if let Some(before) = before {
        // Nobody is left to be told: the terminal may be gone.
        let _ = tcsetattr(stdin(), OptionalActions::Drain, &before);
    }
}

/// A signal that would end us ends us with the terminal as it was.
async fn restore_on_signal() {
    let Ok(mut term) = signal(SignalKind::terminate()) else { return };
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    let Ok(mut quit) = signal(SignalKind::quit()) else { return };
    let number = tokio::select! {
        _ = term.recv() => 15,
        _ = hangup.recv() => 1,
        _ = quit.recv() => 3,
    };
    restore();
    std::process::exit(128 + number);
}
