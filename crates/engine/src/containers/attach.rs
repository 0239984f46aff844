//! `attach`: a client at a container's streams.

use std::sync::Arc;

use knarr_model::{Fault, Result};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::oneshot;

use super::actor::Command;
use super::{Container, LogOptions, Wanted};
use crate::shim::Link;
use crate::streams::{DetachKeys, End, Pump};
use crate::{Engine, Event};

/// What a client wants of an attachment.
#[derive(Debug, Clone, Default)]
pub struct AttachOptions {
    /// It will type.
    pub stdin: bool,
    /// It wants the standard output.
    pub stdout: bool,
    /// It wants the standard error.
    pub stderr: bool,
    /// It wants what was logged before.
    pub logs: bool,
    /// It wants what comes from now on.
    pub stream: bool,
    /// Keys that detach; empty for Docker's.
    pub detach_keys: String,
}

/// An attachment that waits for its client's connection.
pub struct Attachment {
    engine: Arc<Engine>,
    container: Arc<Container>,
    options: AttachOptions,
    keys: DetachKeys,
    link: Option<oneshot::Receiver<Result<Link>>>,
}

impl Engine {
    /// Attaches to a container, now or as soon as it is started: when this returns, no byte of a later start is missed.
    pub async fn attach(self: &Arc<Self>, name: &str, options: AttachOptions) -> Result<Attachment> {
        let container = self.containers.find(name)?;
        let keys = DetachKeys::parse(&options.detach_keys)?;
        let link = if options.stream {
            Some(container.order(|reply| Command::Attach(wanted(&options), reply))?)
        } else {
            None
        };
        Ok(Attachment { engine: self.clone(), container, options, keys, link })
    }
}

fn wanted(options: &AttachOptions) -> Wanted {
    Wanted { stdin: options.stdin, stdout: options.stdout, stderr: options.stderr }
}

impl Attachment {
    /// Whether output is multiplexed (there is no terminal).
    pub fn multiplexed(&self) -> bool {
        !self.container.view().config.tty
    }

    /// Copies between the client and the container until either ends.
    pub async fn run<C: AsyncRead + AsyncWrite + Unpin>(self, mut client: C) {
        if self.options.logs && self.write_logs(&mut client).await.is_err() {
            return;
        }
        let Some(link) = self.link else { return };
        let Ok(Ok(link)) = link.await else { return };
        let record = self.container.view();
        let event = |action: &str| {
            let event = Event::new("container", action, record.id.as_str()).with_all(&record.attributes());
            self.engine.events.publish(event);
        };
        event("attach");
        let keys = (record.config.tty && self.options.stdin).then_some(self.keys);
        let pump = Pump {
            tty: record.config.tty,
            stdin: self.options.stdin,
            close_stdin: record.config.stdin_once && !record.config.tty,
            keys,
        };
        if pump.run(link, client, std::future::ready(())).await == End::Detached {
            event("detach");
        }
    }

    async fn write_logs(&self, client: &mut (impl AsyncWrite + Unpin)) -> Result<()> {
        let options = LogOptions { stdout: self.options.stdout, stderr: self.options.stderr, ..LogOptions::default() };
        let mut logs = self.engine.logs(self.container.id().as_str(), options).await?;
        while let Some(bytes) = logs.next().await {
            client.write_all(&bytes).await.map_err(|e| Fault::io("send logs", e))?;
        }
        Ok(())
    }
}
