//! `/knarr/…`: what Docker does not have.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use knarr_api::compare::{Diff, Waste, WhyKept};
use knarr_api::share::{ShareEnabled, ShareOptions, ShareStatus};
use knarr_api::tree::Tree;
use knarr_api::verify::Verified;
use knarr_engine::{Engine, Part, ShareRequest, TreeQuery, Verify};
use knarr_model::Fault;

use super::{Daemon, images, transfer};
use crate::body;
use crate::error::Result;
use crate::query::Query;

pub(super) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/knarr/tree", get(tree))
        .route("/knarr/images/load", post(images::load_file))
        .route("/knarr/images/save", post(images::save_file))
        .route("/knarr/images/diff", get(diff))
        .route("/knarr/images/waste", get(waste))
        .route("/knarr/images/verify", post(verify))
        .route("/knarr/share", get(share_status))
        .route("/knarr/share/enable", post(enable_share))
        .route("/knarr/share/disable", post(disable_share))
        .route("/knarr/why-kept", get(why_kept))
}

/// `GET /knarr/tree[?children=NODE|parents=IMAGE][&all=1]`.
async fn tree(State(engine): Daemon, query: Query) -> Result<Json<Tree>> {
    let part = match (query.text("children"), query.text("parents")) {
        ("", "") => Part::Whole,
        (node, "") => Part::Children(node.to_owned()),
        ("", image) => Part::Parents(image.to_owned()),
        _ => return Err(Fault::invalid("children and parents cannot be asked for at once").into()),
    };
    Ok(Json(engine.tree(TreeQuery { all: query.flag("all"), part }).await?))
}

/// `GET /knarr/images/diff?from=IMAGE&to=IMAGE`.
async fn diff(State(engine): Daemon, query: Query) -> Result<Json<Diff>> {
    Ok(Json(engine.compare_images(query.text("from"), query.text("to")).await?))
}

/// `GET /knarr/images/waste?image=IMAGE`.
async fn waste(State(engine): Daemon, query: Query) -> Result<Json<Waste>> {
    Ok(Json(engine.image_waste(query.text("image")).await?))
}

/// `POST /knarr/images/verify[?image=IMAGE][&repair=1]`.
async fn verify(State(engine): Daemon, query: Query, headers: HeaderMap) -> Result<Json<Verified>> {
    let images = Some(query.text("image").to_owned()).filter(|name| !name.is_empty()).into_iter().collect();
    let (repair, credentials) = (query.flag("repair"), transfer::credentials(&headers)?);
    Ok(Json(engine.verify_images(Verify { images, repair, credentials }).await?))
}

/// `GET /knarr/why-kept?layer=DIGEST`.
async fn why_kept(State(engine): Daemon, query: Query) -> Result<Json<Vec<WhyKept>>> {
    Ok(Json(engine.why_kept(query.text("layer"))?))
}

/// `GET /knarr/share`.
async fn share_status(State(engine): Daemon) -> Json<ShareStatus> {
    Json(engine.share_status().await)
}

/// `POST /knarr/share/enable`.
async fn enable_share(
    State(engine): Daemon,
    body::Json(options): body::Json<ShareOptions>,
) -> Result<Json<ShareEnabled>> {
    let file = |path: String| Some(path).filter(|path| !path.is_empty()).map(Into::into);
    let request =
        ShareRequest { address: options.address, certificate: file(options.certificate), key: file(options.key) };
    Ok(Json(engine.enable_share(request).await?))
}

/// `POST /knarr/share/disable`.
async fn disable_share(State(engine): Daemon) -> Result<StatusCode> {
    engine.disable_share().await?;
    Ok(StatusCode::NO_CONTENT)
}
