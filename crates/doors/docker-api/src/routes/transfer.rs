//! Pull and push, which `/images/…` hands over, `/distribution` and `/auth`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::HeaderMap;
use knarr_api::image::Distribution;
use knarr_engine::{Credentials, Engine, Peer, Pull, Push};
use knarr_model::{Digest, Fault, Kind, Progress, Reference};
use serde_json::{Value, json};

use super::Daemon;
use super::images::split;
use crate::body;
use crate::error::Result;
use crate::progress;
use crate::query::Query;

pub(super) fn routes() -> Router<Arc<Engine>> {
    Router::new().route("/auth", post(auth)).route("/distribution/{*path}", get(distribution))
}

/// Who the client says it is to the registry.
pub(super) fn credentials(headers: &HeaderMap) -> Result<Credentials> {
    let header = headers.get("x-registry-auth").map(|value| value.to_str());
    let text = header.transpose().map_err(|_| Fault::invalid("invalid X-Registry-Auth header: it is not ASCII"))?;
    Ok(text.map(Credentials::from_registry_auth).transpose()?.unwrap_or_default())
}

/// Who the client says it is to several registries.
pub(super) fn all_credentials(headers: &HeaderMap) -> Result<BTreeMap<String, Credentials>> {
    let text = headers.get("x-registry-config").and_then(|value| value.to_str().ok()).unwrap_or_default();
    Ok(Credentials::from_registry_config(text)?)
}

/// `POST /images/create?fromImage=NAME[&tag=TAG or DIGEST][&platform=…][&up-to=NODE][&peer=HOST…]`, the last two knarr's own.
/// Without any tag, all tags are pulled.
pub(super) async fn pull(engine: Arc<Engine>, query: &Query, headers: &HeaderMap) -> Result<Response> {
    let (name, tag) = (query.text("fromImage"), query.text("tag"));
    let mut reference: Reference = name.parse().map_err(Fault::from)?;
    let all_tags = tag.is_empty() && !has_tag(name);
    if let Ok(digest) = tag.parse::<Digest>() {
        reference = reference.with_digest(digest);
    } else if !tag.is_empty() {
        reference = reference.with_tag(tag).map_err(Fault::from)?;
    }
    let platform = query.text("platform");
    let platform = if platform.is_empty() { None } else { Some(platform.parse()?) };
    let up_to = Some(query.text("up-to")).filter(|node| !node.is_empty()).map(str::to_owned);
    let (peers, credentials) = (peers(query, headers)?, credentials(headers)?);
    let pull = Pull { reference, all_tags, platform, up_to, peers, credentials };
    progress::run(|lines| async move {
        let told: Arc<dyn Progress> = lines;
        engine.pull(&pull, &told).await.map(drop).map_err(not_for_us)
    })
    .await
}

/// Who is asked before the registry, each with what `X-Registry-Config` has for it.
fn peers(query: &Query, headers: &HeaderMap) -> Result<Vec<Peer>> {
    let known = all_credentials(headers)?;
    let peer = |host: &str| Peer { host: host.to_owned(), credentials: known.get(host).cloned().unwrap_or_default() };
    Ok(query.all("peer").iter().map(|host| peer(host)).collect())
}

/// Whether a tag or digest was written.
fn has_tag(name: &str) -> bool {
    name.contains('@') || name.rsplit('/').next().is_some_and(|last| last.contains(':'))
}

/// `POST /images/NAME/push[?tag=TAG][&compression=gzip or zstd]`. Without a tag, all tags of the repository are pushed.
pub(super) async fn push(engine: Arc<Engine>, name: &str, query: &Query, headers: &HeaderMap) -> Result<Response> {
    let mut reference: Reference = name.parse().map_err(Fault::from)?;
    let tag = query.text("tag");
    if !tag.is_empty() {
        reference = reference.with_tag(tag).map_err(Fault::from)?;
    }
    let compression = query.text("compression");
    let push = Push {
        reference,
        all_tags: tag.is_empty() && !has_tag(name),
        credentials: credentials(headers)?,
        compression: if compression.is_empty() { None } else { Some(compression.parse()?) },
    };
    progress::run(|lines| async move {
        let told: Arc<dyn Progress> = lines.clone();
        for (reference, manifest, _) in engine.push(&push, &told).await.map_err(not_for_us)? {
            let tag = reference.tag().unwrap_or_default();
            let aux = json!({"Tag": tag, "Digest": manifest.digest, "Size": manifest.size});
            lines.say(&json!({"progressDetail": {}, "aux": aux}));
        }
        Ok(())
    })
    .await
}

/// A registry's 401 is not ours: it would make docker's client ask for a password, also where nobody can answer.
fn not_for_us(fault: Fault) -> Fault {
    match fault.kind() {
        Kind::Unauthorized => Fault::new(Kind::Forbidden, fault.full()),
        _ => fault,
    }
}

/// `GET /distribution/NAME/json`: what the registry has under the name.
async fn distribution(
    State(engine): Daemon,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Distribution>> {
    let (name, _) = split(&path, &["json"])?;
    let reference: Reference = name.parse().map_err(Fault::from)?;
    Ok(Json(engine.inspect_distribution(&reference, &credentials(&headers)?).await.map_err(not_for_us)?))
}

/// `POST /auth`: are these credentials good? The client keeps them.
async fn auth(State(engine): Daemon, body::Json(config): body::Json<Value>) -> Result<Json<Value>> {
    let who = Credentials::from_auth_config(&config)?;
    let address = config.get("serveraddress").and_then(Value::as_str).unwrap_or_default();
    engine.login(address, &who).await?;
    Ok(Json(json!({"Status": "Login Succeeded", "IdentityToken": ""})))
}
