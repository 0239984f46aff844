//! A session's state, and its streams.

use std::sync::Arc;

use knarr_api::exec::CreateRequest;
use knarr_model::{ContainerId, Fault};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;

use crate::shim::Link;
use crate::streams::{DetachKeys, Pump, Source, framed};

/// One exec session. Its state is a snapshot too: nobody waits for it.
pub struct Session {
    pub(crate) id: String,
    pub(crate) request: CreateRequest,
    pub(super) progress: watch::Sender<Progress>,
}

/// Where a session is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// It was started, or is being started.
    pub(crate) begun: bool,
    /// Its process lives.
    pub(crate) running: bool,
    /// Its process on the host; 0 before the start.
    pub(crate) pid: u32,
    /// None before the end.
    pub(crate) exit_code: Option<i32>,
}

impl Session {
    pub(crate) fn new(request: CreateRequest) -> Arc<Self> {
        let id = ContainerId::random().to_string();
        Arc::new(Self { id, request, progress: watch::Sender::default() })
    }

    pub(crate) fn progress(&self) -> Progress {
        *self.progress.borrow()
    }

    /// Takes the right to start it; false where somebody had it before.
    pub(crate) fn begin(&self) -> bool {
        self.progress.send_if_modified(|progress| !std::mem::replace(&mut progress.begun, true))
    }

    pub(super) fn started(&self, pid: u32) {
        self.progress.send_modify(|progress| (progress.running, progress.pid) = (true, pid));
    }

    pub(super) fn ended(&self, code: i32) {
        self.progress.send_modify(|progress| (progress.running, progress.exit_code) = (false, Some(code)));
    }

    /// The command as events have it.
    pub(super) fn command(&self) -> String {
        self.request.cmd.join(" ")
    }
}

/// A started session that waits for its client's connection; or the reason why it could not be started, which the client reads.
pub struct ExecStream {
    pub(super) session: Arc<Session>,
    pub(super) outcome: Result<Link, Fault>,
    pub(super) tty: bool,
    pub(super) stdin: bool,
    pub(super) keys: DetachKeys,
}

impl ExecStream {
    /// Whether output is multiplexed (there is no terminal).
    pub fn multiplexed(&self) -> bool {
        !self.tty
    }

    /// Copies between the client and the process until either ends.
    pub async fn run<C: AsyncRead + AsyncWrite + Unpin>(self, mut client: C) {
        match self.outcome {
            Ok(link) => {
                let keys = (self.tty && self.stdin).then_some(self.keys);
                let pump = Pump { tty: self.tty, stdin: self.stdin, close_stdin: true, keys };
                let mut progress = self.session.progress.subscribe();
                let known = async { _ = progress.wait_for(|progress| progress.exit_code.is_some()).await };
                pump.run(link, client, known).await;
            }
            Err(error) => {
                let text = format!("{}\r\n", error.full());
                let _ = client.write_all(&framed(Source::Stdout, text.as_bytes(), self.tty)).await;
                let _ = client.shutdown().await;
            }
        }
    }
}
