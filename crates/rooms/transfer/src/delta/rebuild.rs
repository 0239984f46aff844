//! A blob rebuilt by its plan.

use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use knarr_model::oci::Descriptor;
use knarr_model::{Digest, Fault, Step};

use super::find::Delta;
use super::index::Chunk;
use super::plan::{Piece, Place};
use crate::error::Error;
use crate::fetch::Target;
use crate::meter::Meter;
use crate::remote::Remote;
use crate::retry::Tries;
use crate::sink::{Sink, on_blocking_thread};

/// A blob that is being rebuilt.
struct Rebuild<'a> {
    remote: &'a Remote,
    blob: &'a Descriptor,
    pieces: &'a [Piece],
    target: &'a Target<'a>,
    transferred: u64,
}

impl Delta {
    /// Rebuilds a blob where there is a plan; the bytes that were transferred. None where it must be fetched: what is good of
    /// it may be in the ingest.
    pub(crate) async fn rebuild(&self, remote: &Remote, blob: &Descriptor, target: &Target<'_>) -> Option<u64> {
        let pieces = self.plan(&blob.digest)?;
        let mut rebuild = Rebuild { remote, blob, pieces, target, transferred: 0 };
        match rebuild.run().await {
            Ok(()) => {
                rebuild.tell();
                Some(rebuild.transferred)
            }
            Err(error) => {
                tracing::info!(blob = %blob.digest, %error, "a layer could not be rebuilt of chunks");
                self.transferred.fetch_add(rebuild.transferred, std::sync::atomic::Ordering::Relaxed);
                None
            }
        }
    }
}

impl Rebuild<'_> {
    async fn run(&mut self) -> Result<(), Error> {
        let flight = self.remote.shared.flight(&self.blob.digest);
        let _turn = flight.lock().await;
        if self.target.has(self.blob).await? {
            return Ok(());
        }
        let mut tries = Tries::new(self.remote.patience);
        loop {
            let before = self.transferred;
            let mut sink = self.target.sink(&self.blob.digest).await?;
            let built = self.build(&mut sink).await;
            sink.settle().await?;
            match built {
                Ok(()) => return self.commit(sink).await,
                Err(error) => {
                    if self.transferred > before {
                        tries.progressed();
                    }
                    tries.pause(error).await?;
                }
            }
        }
    }

    /// All pieces, from where an earlier try ended.
    async fn build(&mut self, sink: &mut Sink) -> Result<(), Error> {
        let id = self.blob.digest.short();
        let mut meter = Meter::new(self.target.progress, id, "Downloading", self.blob.size);
        let mut end = 0;
        for piece in self.pieces {
            end += piece.size();
            if end <= sink.offset() {
                continue;
            }
            match piece {
                Piece::There(_) => self.fetch_to(end, sink).await?,
                Piece::Here(chunk, place) => match self.read(chunk, place).await {
                    Some(bytes) => {
                        let known = piece.size() - (end - sink.offset());
                        sink.write(bytes.slice(usize::try_from(known).unwrap_or(0)..)).await?;
                    }
                    None => self.fetch_to(end, sink).await?,
                },
            }
            meter.at(sink.offset());
        }
        Ok(())
    }

    /// A chunk's bytes; none where they have changed since they were found.
    async fn read(&self, chunk: &Chunk, place: &Place) -> Option<Bytes> {
        let content = Arc::clone(self.target.content);
        let (size, offset, blob) = (usize::try_from(chunk.size).ok()?, place.offset, place.blob.clone());
        let read = on_blocking_thread(move || {
            let mut bytes = vec![0; size];
            let read = content.open(&blob)?.read_exact_at(&mut bytes, offset);
            read.map_err(|e| Fault::io(format!("read a chunk of {blob}"), e))?;
            Ok((Digest::of(&bytes), bytes))
        });
        let (digest, bytes) = read.await.ok()?;
        (digest == chunk.digest).then(|| bytes.into())
    }

    /// Fetches what is missing before `end`.
    async fn fetch_to(&mut self, end: u64, sink: &mut Sink) -> Result<(), Error> {
        let url = self.remote.url(&format!("blobs/{}", self.blob.digest));
        let response = self.remote.ask(&url, sink.offset(), Some(end)).await?;
        if response.status() != StatusCode::PARTIAL_CONTENT || self.remote.skip(&response, sink.offset())? != 0 {
            return Err(self.remote.invalid("not the range that was asked for"));
        }
        let mut body = response.into_body();
        while let Some(data) = body.next().await? {
            self.transferred += data.len() as u64;
            if sink.offset() + data.len() as u64 > end {
                return Err(self.remote.invalid("more than the range that was asked for"));
            }
            sink.write(data).await?;
        }
        if sink.offset() < end { Err(body.failed("the answer ended before the range did")) } else { Ok(()) }
    }

    async fn commit(&self, sink: Sink) -> Result<(), Error> {
        let id = self.blob.digest.short();
        self.target.progress.step(Step::Phase { id, text: "Verifying Checksum" });
        sink.commit(Some(self.blob.digest.clone()), Some(self.blob.size)).await?;
        self.target.progress.step(Step::Phase { id, text: "Download complete" });
        Ok(())
    }

    fn tell(&self) {
        let text = format!("Rebuilt: {} of {} bytes were fetched", self.transferred, self.blob.size);
        self.target.progress.step(Step::Phase { id: self.blob.digest.short(), text: &text });
    }
}
