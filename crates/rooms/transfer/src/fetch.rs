//! One blob from the registry into the content store: resumed after a cut, verified while it streams.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use http::header::{CONTENT_RANGE, HeaderMap, HeaderValue, RANGE};
use http::{Method, StatusCode};
use knarr_model::oci::Descriptor;
use knarr_model::ports::Content;
use knarr_model::{Digest, Kind, Progress, Step};

use crate::answer;
use crate::arriving::Answer;
use crate::error::Error;
use crate::meter::Meter;
use crate::remote::{Call, Remote};
use crate::retry::Tries;
use crate::sink::{Sink, on_blocking_thread};
use crate::wire::broken;

/// Where fetched blobs go.
pub(crate) struct Target<'a> {
    pub(crate) content: &'a Arc<dyn Content>,
    pub(crate) progress: &'a dyn Progress,
}

impl Target<'_> {
    /// Whether the blob is here already. One of another size is another blob: its descriptor lies.
    pub(crate) async fn has(&self, blob: &Descriptor) -> Result<bool, Error> {
        let (content, digest) = (Arc::clone(self.content), blob.digest.clone());
        let size = on_blocking_thread(move || content.size(&digest)).await?;
        Ok(size == Some(blob.size))
    }

    pub(crate) async fn sink(&self, digest: &Digest) -> Result<Sink, Error> {
        let (content, key) = (Arc::clone(self.content), digest.to_string());
        Ok(Sink::new(on_blocking_thread(move || content.ingest(&key)).await?))
    }
}

/// A blob on its way through as many tries as it takes.
struct Arrival<'a> {
    blob: &'a Descriptor,
    target: &'a Target<'a>,
    /// Kept over tries, so that what arrived is hashed once. None before the first, and when its bytes were thrown away.
    sink: Option<Sink>,
    /// Whether the sink began behind, or went on after, bytes of an earlier try.
    resumed: bool,
    /// The furthest byte that any try came to: only what lies behind it is progress.
    furthest: u64,
    transferred: u64,
}

impl<'a> Arrival<'a> {
    fn new(blob: &'a Descriptor, target: &'a Target<'a>) -> Self {
        Self { blob, target, sink: None, resumed: false, furthest: 0, transferred: 0 }
    }

    /// The sink to go on with. One that is longer than the blob holds something else.
    async fn sink(&mut self) -> Result<Sink, Error> {
        if let Some(sink) = self.sink.take().filter(|sink| !sink.is_broken()) {
            self.resumed |= sink.offset() > 0;
            return Ok(sink);
        }
        let mut sink = self.target.sink(&self.blob.digest).await?;
        if sink.offset() > self.blob.size {
            sink.abort().await?;
            sink = self.target.sink(&self.blob.digest).await?;
        }
        self.resumed = sink.offset() > 0;
        Ok(sink)
    }
}

impl Remote {
    /// Fetches a blob unless it is here; the number of bytes that were transferred.
    pub(crate) async fn fetch(&self, blob: &Descriptor, target: &Target<'_>) -> Result<u64, Error> {
        let flight = self.shared.flight(&blob.digest);
        let _turn = flight.lock().await;
        if target.has(blob).await? {
            return Ok(0);
        }
        let mut tries = Tries::new(self.patience);
        let mut arrival = Arrival::new(blob, target);
        loop {
            let before = arrival.furthest;
            match self.try_fetch(&mut arrival).await {
                Ok(()) => return Ok(arrival.transferred),
                Err(error) => {
                    if arrival.furthest > before {
                        tries.progressed();
                    }
                    tries.pause(error).await?;
                }
            }
        }
    }

    /// One try, from where the last one ended.
    async fn try_fetch(&self, arrival: &mut Arrival<'_>) -> Result<(), Error> {
        let (blob, progress) = (arrival.blob, arrival.target.progress);
        let mut sink = arrival.sink().await?;
        if sink.offset() < blob.size || blob.size == 0 {
            let streamed = self.stream(arrival, &mut sink).await;
            // What arrived before a cut is kept for the next try.
            let settled = sink.settle().await;
            arrival.furthest = arrival.furthest.max(sink.offset());
            if let Err(error) = streamed {
                match error {
                    Error::TooLong { .. } => sink.abort().await?,
                    _ => arrival.sink = Some(sink),
                }
                return Err(error);
            }
            settled?;
        }
        progress.step(Step::Phase { id: blob.digest.short(), text: "Verifying Checksum" });
        match sink.commit(Some(blob.digest.clone()), Some(blob.size)).await {
            // The fault may be in the bytes of an earlier try, which are gone now: once more from the start.
            Err(fault) if arrival.resumed && fault.kind() == Kind::Invalid => {
                let uri = self.url(&format!("blobs/{}", blob.digest)).parse().unwrap_or_default();
                return Err(broken("Get", &uri, &fault.full()));
            }
            committed => committed?,
        };
        progress.step(Step::Phase { id: blob.digest.short(), text: "Download complete" });
        Ok(())
    }

    async fn stream(&self, arrival: &mut Arrival<'_>, sink: &mut Sink) -> Result<(), Error> {
        let blob = arrival.blob;
        let mut meter = Meter::new(arrival.target.progress, blob.digest.short(), "Downloading", blob.size);
        let url = self.url(&format!("blobs/{}", blob.digest));
        let response = self.ask(&url, sink.offset(), None).await?;
        let mut skip = self.skip(&response, sink.offset())?;
        let mut body = self.pace.watch(response.into_body());
        while let Some(mut data) = body.next().await? {
            arrival.transferred += data.len() as u64;
            let known = data.split_to(usize::try_from(skip).map_or(data.len(), |skip| skip.min(data.len())));
            skip -= known.len() as u64;
            if sink.offset() + data.len() as u64 > blob.size {
                return Err(Error::TooLong { digest: blob.digest.clone(), size: blob.size });
            }
            sink.write(data).await?;
            meter.at(sink.offset());
        }
        if sink.offset() < blob.size {
            return Err(body.failed("the answer ended before the blob did"));
        }
        Ok(())
    }

    /// Asks for what is behind `offset`, and where it is given, before `end`.
    pub(crate) async fn ask(&self, url: &str, offset: u64, end: Option<u64>) -> Result<Answer, Error> {
        let mut headers = HeaderMap::new();
        let range = match end {
            Some(end) => Some(format!("bytes={offset}-{}", end.saturating_sub(1))),
            None => (offset > 0).then(|| format!("bytes={offset}-")),
        };
        headers.extend(range.and_then(|range| HeaderValue::from_str(&range).ok()).map(|range| (RANGE, range)));
        let moved = AtomicU64::new(0);
        let call = Call { method: Method::GET, url: url.to_owned(), headers, body: None, moved: &moved };
        let response = self.pace.in_time(self.send(&call)).await?;
        if response.status().is_success() { Ok(response) } else { Err(answer::refused(response).await) }
    }

    /// How many bytes at the answer's start we have already: none where it is the range that was asked for.
    pub(crate) fn skip(&self, response: &Answer, offset: u64) -> Result<u64, Error> {
        if response.status() != StatusCode::PARTIAL_CONTENT {
            return Ok(offset);
        }
        let range = response.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
        let first = range.and_then(|r| r.strip_prefix("bytes ")?.split('-').next()?.parse::<u64>().ok());
        match first {
            Some(first) if first <= offset => Ok(offset - first),
            _ => Err(self.invalid("a range that was not asked for")),
        }
    }
}
