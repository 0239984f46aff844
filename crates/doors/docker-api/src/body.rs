//! Bodies: JSON requests, bounded.

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt as _, Limited};
use knarr_model::{Fault, Kind};
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// A JSON request may have this many bytes.
const LIMIT: usize = 4 << 20;

/// A JSON body, keys in any case. Wrong JSON is 400 and names the place; an empty body reads as `{}`. Anything else must say that
/// it is JSON, which no form of a foreign web page can.
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let declared = declared_json(request.headers());
        let bytes = collect(request).await?;
        if !bytes.is_empty() {
            declared?;
        }
        let value = knarr_api::from_slice(&bytes).map_err(|e| Fault::invalid(format!("invalid JSON: {e}")))?;
        Ok(Self(value))
    }
}

/// In Docker's words.
fn declared_json(headers: &HeaderMap) -> Result<(), Fault> {
    let text = headers.get(CONTENT_TYPE).map_or("", |value| value.to_str().unwrap_or_default());
    let kind = text.split(';').next().unwrap_or_default().trim();
    if kind.is_empty() {
        return Err(Fault::invalid("malformed Content-Type header (): must be 'application/json'"));
    }
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Fault::invalid(format!("unsupported Content-Type header ({kind}): must be 'application/json'")));
    }
    Ok(())
}

async fn collect(request: Request) -> Result<Bytes, ApiError> {
    let body = Limited::new(request.into_body(), LIMIT);
    match body.collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            Err(Fault::new(Kind::TooLarge, format!("request body is larger than {LIMIT} bytes")).into())
        }
        Err(error) => Err(Fault::invalid(format!("cannot read the request body: {error}")).into()),
    }
}
