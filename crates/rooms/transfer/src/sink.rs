//! Bytes from the network into an ingest, hashing and writing on blocking threads while the next bytes arrive.

use bytes::Bytes;
use knarr_model::ports::Ingest;
use knarr_model::{Digest, Fault, Result};
use tokio::task::JoinHandle;

/// Bytes gathered before they go to a blocking thread: the switch costs about 10 µs.
const BATCH: usize = 256 << 10;

/// An ingest with an asynchronous face. At most one batch is being written while another is gathered, so memory stays
/// below two batches and one frame. Dropping it keeps for a resume what was written.
pub struct Sink {
    disk: Disk,
    gathered: Vec<Bytes>,
    gathered_bytes: usize,
    offset: u64,
}

type Written = (Box<dyn Ingest>, Result<()>);

enum Disk {
    Idle(Box<dyn Ingest>),
    Busy(JoinHandle<Written>),
    /// A write failed or its thread was lost.
    Broken,
}

impl Sink {
    /// Begins behind what the ingest has already.
    pub fn new(ingest: Box<dyn Ingest>) -> Self {
        let offset = ingest.offset();
        Self { disk: Disk::Idle(ingest), gathered: Vec::new(), gathered_bytes: 0, offset }
    }

    /// Bytes taken so far, those of earlier writers included.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether a write failed: then nothing that was written is there any more, and nothing can be written.
    pub fn is_broken(&self) -> bool {
        matches!(self.disk, Disk::Broken)
    }

    /// Takes bytes. An error may belong to an earlier batch; after it nothing can be written any more.
    pub async fn write(&mut self, data: Bytes) -> Result<()> {
        self.offset += data.len() as u64;
        self.gathered_bytes += data.len();
        self.gathered.push(data);
        if self.gathered_bytes >= BATCH { self.flush().await } else { Ok(()) }
    }

    /// Waits until everything taken is with the ingest.
    pub async fn settle(&mut self) -> Result<()> {
        if self.gathered_bytes > 0 {
            self.flush().await?;
        }
        self.wait().await
    }

    /// Verifies and publishes (see [`Ingest::commit`]).
    pub async fn commit(self, expected: Option<Digest>, size: Option<u64>) -> Result<Digest> {
        let ingest = self.into_ingest().await?;
        on_blocking_thread(move || ingest.commit(expected.as_ref(), size)).await
    }

    /// The ingest, with everything taken written to it.
    pub async fn into_ingest(mut self) -> Result<Box<dyn Ingest>> {
        self.settle().await?;
        match self.disk {
            Disk::Idle(ingest) => Ok(ingest),
            Disk::Busy(_) | Disk::Broken => Err(broken()),
        }
    }

    /// Throws away what was written.
    pub async fn abort(mut self) -> Result<()> {
        self.gathered.clear();
        let _ = self.wait().await;
        match self.disk {
            Disk::Idle(ingest) => on_blocking_thread(move || ingest.abort()).await,
            Disk::Busy(_) | Disk::Broken => Ok(()),
        }
    }

    async fn flush(&mut self) -> Result<()> {
        self.wait().await?;
        let Disk::Idle(mut ingest) = std::mem::replace(&mut self.disk, Disk::Broken) else { return Err(broken()) };
        let batch = std::mem::take(&mut self.gathered);
        self.gathered_bytes = 0;
        self.disk = Disk::Busy(tokio::task::spawn_blocking(move || {
            let result = batch.iter().try_for_each(|part| ingest.write(part));
            (ingest, result)
        }));
        Ok(())
    }

    /// Waits for the batch that is being written.
    async fn wait(&mut self) -> Result<()> {
        let Disk::Busy(writing) = &mut self.disk else {
            return if matches!(self.disk, Disk::Broken) { Err(broken()) } else { Ok(()) };
        };
        let written = writing.await;
        self.disk = Disk::Broken;
        let (ingest, result) = written.map_err(|e| Fault::internal("content writer was lost").because(e))?;
        result?;
        self.disk = Disk::Idle(ingest);
        Ok(())
    }
}

fn broken() -> Fault {
    Fault::internal("cannot write content: an earlier write failed")
}

/// Runs disk work where it may block.
pub async fn on_blocking_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(lost) => Err(Fault::internal("a worker thread was lost").because(lost)),
    }
}
