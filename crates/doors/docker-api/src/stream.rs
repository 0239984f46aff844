//! Streamed answers.

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use serde::Serialize;
use tokio::sync::mpsc;

/// A body of what comes out of `receiver`, until its sender is gone. Bounded by the channel: a slow client slows its sender.
pub(crate) fn body(receiver: mpsc::Receiver<Bytes>) -> Body {
    let next = |mut receiver: mpsc::Receiver<Bytes>| async move {
        let item = receiver.recv().await?;
        Some((Ok::<_, std::convert::Infallible>(item), receiver))
    };
    Body::from_stream(stream::unfold(receiver, next))
}

/// The same, with an item that was taken out already before the others.
pub(crate) fn body_from(first: Bytes, receiver: mpsc::Receiver<Bytes>) -> Body {
    let next = |(first, mut receiver): (Option<Bytes>, mpsc::Receiver<Bytes>)| async move {
        let item = match first {
            Some(first) => first,
            None => receiver.recv().await?,
        };
        Some((Ok::<_, std::convert::Infallible>(item), (None, receiver)))
    };
    Body::from_stream(stream::unfold((Some(first), receiver), next))
}

/// One JSON object and a line end, as Docker's streams have it.
pub(crate) fn line(value: &impl Serialize) -> Bytes {
    let mut bytes = serde_json::to_vec(value).unwrap_or_default();
    bytes.extend_from_slice(b"\r\n");
    bytes.into()
}
