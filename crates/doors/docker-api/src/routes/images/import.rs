//! Importing an archive of files.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header;
use axum::response::IntoResponse;
use knarr_api::image::Progress;
use knarr_engine::{Engine, ImportRequest};
use knarr_model::{Fault, Kind};

use super::name;
use crate::error::Result;
use crate::long_body::Upload;
use crate::query::Query;
use crate::stream;

/// `POST /images/create?fromSrc=-`: the body is the archive.
pub(super) async fn import(engine: Arc<Engine>, query: Query, body: Body) -> Result<impl IntoResponse> {
    if query.text("fromSrc") != "-" {
        let text =
            "cannot import from a URL: download the archive and send it, for example `curl URL | docker import -`";
        return Err(Fault::new(Kind::Unsupported, text).into());
    }
    let platform = Some(query.text("platform")).filter(|text| !text.is_empty()).map(str::parse).transpose()?;
    let request = ImportRequest {
        name: name::of_query(&query, "repo")?,
        message: query.text("message").to_owned(),
        changes: query.all("changes").to_vec(),
        platform,
    };
    let id = engine.import_image(Upload::new(body), request).await?;
    let line = stream::line(&Progress { status: Some(id.to_string()), ..Progress::default() });
    Ok(([(header::CONTENT_TYPE, "application/json")], line))
}
