//! The layers of a pull, unpacked in their order while later ones still arrive.

use std::collections::HashSet;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use knarr_layers::Batch;
use knarr_model::oci::Descriptor;
use knarr_model::ports::Content as _;
use knarr_model::{Digest, Fault, Progress, Reference, Result, Step};

use crate::Engine;

/// Between two reports of one layer.
const PAUSE: Duration = Duration::from_millis(100);

/// The work of one pull. Runs on a blocking thread.
pub(super) struct Unpack {
    engine: Arc<Engine>,
    image: Reference,
    layers: Vec<Descriptor>,
    diff_ids: Vec<Digest>,
    progress: Arc<dyn Progress>,
}

impl Unpack {
    pub(super) fn new(
        engine: Arc<Engine>,
        name: &Reference,
        image: &knarr_transfer::Image,
        progress: Arc<dyn Progress>,
    ) -> Self {
        let (layers, diff_ids) = (image.document.layers.clone(), image.config.rootfs.diff_ids.clone());
        Self { engine, image: name.clone(), layers, diff_ids, progress }
    }

    /// Unpacks every layer when `arrivals` has told its index; ends early when they end.
    pub(super) fn run(self, arrivals: &Receiver<usize>) -> Result<()> {
        let mut here = HashSet::new();
        let mut batch = self.engine.layers.batch(None)?;
        for (index, (layer, diff_id)) in self.layers.iter().zip(&self.diff_ids).enumerate() {
            while !here.contains(&index) {
                let ended = |_| Fault::internal("the layers to unpack did not all arrive");
                here.insert(arrivals.recv().map_err(ended)?);
            }
            self.unpack(layer, diff_id, &mut batch)?;
        }
        Ok(batch.finish()?)
    }

    fn unpack(&self, layer: &Descriptor, diff_id: &Digest, batch: &mut Batch<'_>) -> Result<()> {
        if batch.reuse(diff_id).is_some() {
            return Ok(());
        }
        let id = layer.digest.short();
        let file = self.engine.content.open(&layer.digest)?;
        let watched = Watched { source: file, unpack: self, id, total: layer.size, read: 0, told: None };
        let unpacked = batch.apply(watched, Some(diff_id));
        unpacked.map_err(|error| self.failed(layer, error.into()))?;
        self.progress.step(Step::Phase { id, text: "Pull complete" });
        Ok(())
    }

    /// Adds which layer of which image it is about.
    fn failed(&self, layer: &Descriptor, fault: Fault) -> Fault {
        let text = format!("cannot unpack layer {} of {}", layer.digest, self.image.familiar());
        Fault::new(fault.kind(), text).because(fault)
    }
}

/// Tells how much of an archive was read.
struct Watched<'a, R> {
    source: R,
    unpack: &'a Unpack,
    id: &'a str,
    total: u64,
    read: u64,
    told: Option<Instant>,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read(buffer)?;
        self.read += n as u64;
        if self.told.is_none_or(|told| told.elapsed() >= PAUSE) || self.read == self.total {
            self.told = Some(Instant::now());
            let step = Step::Bytes { id: self.id, text: "Extracting", current: self.read, total: self.total };
            self.unpack.progress.step(step);
        }
        Ok(n)
    }
}
