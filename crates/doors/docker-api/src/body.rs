//! Bodies: JSON requests, bounded.

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use knarr_model::{Fault, Kind};
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// A JSON request may have this many bytes.
const LIMIT: usize = 4 << 20;

/// A JSON body, keys in any case. Wrong JSON is 400 and names the place; an empty body reads as `{}`.
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let bytes = collect(request).await?;
        let value = knarr_api::from_slice(&bytes).map_err(|e| Fault::invalid(format!("invalid JSON: {e}")))?;
        Ok(Self(value))
    }
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
