//! One blob from the registry into the content store: resumed after a cut, verified while it streams.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use http::header::{CONTENT_RANGE, HeaderMap, HeaderValue, RANGE};
use http::{Method, Response, StatusCode};
use hyper::body::Incoming;
use knarr_model::oci::Descriptor;
use knarr_model::ports::Content;
use knarr_model::{Digest, Kind, Progress, Step};

use crate::answer;
use crate::error::Error;
use crate::meter::Meter;
use crate::remote::{Call, Remote, next_bytes};
use crate::retry::Tries;
use crate::sink::{Sink, on_blocking_thread};

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

    async fn sink(&self, digest: &Digest) -> Result<Sink, Error> {
        let (content, key) = (Arc::clone(self.content), digest.to_string());
        Ok(Sink::new(on_blocking_thread(move || content.ingest(&key)).await?))
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
        let mut tries = Tries::new(self.shared.patience);
        let mut transferred = 0;
        loop {
            let before = transferred;
            match self.try_fetch(blob, target, &mut transferred).await {
                Ok(()) => return Ok(transferred),
                Err(error) => {
                    if transferred > before {
                        tries.progressed();
                    }
                    tries.pause(error).await?;
                }
            }
        }
    }

    /// One try, from where the last one ended.
    async fn try_fetch(&self, blob: &Descriptor, target: &Target<'_>, transferred: &mut u64) -> Result<(), Error> {
        let mut sink = target.sink(&blob.digest).await?;
        if sink.offset() > blob.size {
            sink.abort().await?;
            sink = target.sink(&blob.digest).await?;
        }
        let id = blob.digest.short();
        let resumed = sink.offset() > 0;
        if sink.offset() < blob.size || blob.size == 0 {
            let mut meter = Meter::new(target.progress, id, "Downloading", blob.size);
            let streamed = self.stream(blob, &mut sink, &mut meter, transferred).await;
            // What arrived before a cut is kept for the next try.
            let settled = sink.settle().await;
            if let Err(error) = streamed {
                if matches!(error, Error::TooLong { .. }) {
                    sink.abort().await?;
                }
                return Err(error);
            }
            settled?;
        }
        target.progress.step(Step::Phase { id, text: "Verifying Checksum" });
        match sink.commit(Some(blob.digest.clone()), Some(blob.size)).await {
            // The fault may be in the bytes of an earlier try, which are gone now: once more from the start.
            Err(fault) if resumed && fault.kind() == Kind::Invalid => {
                let uri = self.url(&format!("blobs/{}", blob.digest)).parse().unwrap_or_default();
                return Err(crate::wire::broken("Get", &uri, &fault.full()));
            }
            committed => committed?,
        };
        target.progress.step(Step::Phase { id, text: "Download complete" });
        Ok(())
    }

    async fn stream(
        &self,
        blob: &Descriptor,
        sink: &mut Sink,
        meter: &mut Meter<'_>,
        transferred: &mut u64,
    ) -> Result<(), Error> {
        let url = self.url(&format!("blobs/{}", blob.digest));
        let response = self.ask(&url, sink.offset()).await?;
        let mut skip = self.skip(&response, sink.offset())?;
        let mut body = response.into_body();
        while let Some(mut data) = next_bytes(&url, &mut body).await? {
            *transferred += data.len() as u64;
            let known = data.split_to(usize::try_from(skip).map_or(data.len(), |skip| skip.min(data.len())));
            skip -= known.len() as u64;
            if sink.offset() + data.len() as u64 > blob.size {
                return Err(Error::TooLong { digest: blob.digest.clone(), size: blob.size });
            }
            sink.write(data).await?;
            meter.at(sink.offset());
        }
        if sink.offset() < blob.size {
            let uri = url.parse().unwrap_or_default();
            return Err(crate::wire::broken("Get", &uri, "the answer ended before the blob did"));
        }
        Ok(())
    }

    async fn ask(&self, url: &str, offset: u64) -> Result<Response<Incoming>, Error> {
        let mut headers = HeaderMap::new();
        if offset > 0 {
            headers.extend(HeaderValue::from_str(&format!("bytes={offset}-")).ok().map(|range| (RANGE, range)));
        }
        let moved = AtomicU64::new(0);
        let call = Call { method: Method::GET, url: url.to_owned(), headers, body: None, moved: &moved };
        let response = self.send(&call).await?;
        if response.status().is_success() { Ok(response) } else { Err(answer::refused(response).await) }
    }

    /// How many bytes at the answer's start we have already: none where it is the range that was asked for.
    fn skip(&self, response: &Response<Incoming>, offset: u64) -> Result<u64, Error> {
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
