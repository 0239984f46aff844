//! Errors as Docker gives them: the only place where a fault's kind becomes a status.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use knarr_model::{Fault, Kind};
use serde_json::json;

/// A fault on its way to a client.
#[derive(Debug)]
pub(crate) struct ApiError(pub(crate) Fault);

/// What handlers return.
pub(crate) type Result<T, E = ApiError> = std::result::Result<T, E>;

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

/// The status of a kind.
pub(crate) fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::Invalid => StatusCode::BAD_REQUEST,
        Kind::Unauthorized => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::NotModified => StatusCode::NOT_MODIFIED,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::Unsupported => StatusCode::NOT_IMPLEMENTED,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::NoSpace | Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = status(self.0.kind());
        if status == StatusCode::NOT_MODIFIED {
            return status.into_response();
        }
        if status.is_server_error() {
            tracing::warn!(error = %self.0.full(), "request failed");
        }
        (status, axum::Json(json!({"message": self.0.full()}))).into_response()
    }
}
