//! From a container to this host.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use knarr_api::container::PathStat;
use tokio_util::io::{StreamReader, SyncIoBridge};

use super::{base, is_content, is_folder_path};
use crate::client::{Call, Client};
use crate::context::extract;
use crate::error::{Error, Result};
use crate::output::Sink;

/// The bit of Go's file mode that says symbolic link.
const SYMLINK: u32 = 1 << 27;
/// The bit that says folder.
pub(super) const FOLDER: u32 = 1 << 31;

pub(super) async fn copy(
    client: &Client,
    container: &str,
    path: &str,
    target: &str,
    owners: bool,
    follow: bool,
) -> Result {
    let mut path = path.to_owned();
    // What cannot be looked at cannot be fetched either, and that answer says why.
    if follow
        && let Ok(stat) = stat(client, container, &path).await
        && stat.mode & SYMLINK != 0
    {
        path = resolve(&path, &stat.link_target);
    }
    let sink = if target == "-" { Some(Sink::open(None)?) } else { None };
    let response = client.send(Call::get(&["containers", container, "archive"]).query("path", &path)).await?;
    let found = decode(response.headers())?;
    if let Some(sink) = sink {
        return sink.fill(response.into_body()).await;
    }
    let (folder, name) = place(target, &path, found.mode & FOLDER != 0)?;
    unpack(response.into_body(), folder, name, found.name, owners).await
}

/// Facts about a path in a container.
pub(super) async fn stat(client: &Client, container: &str, path: &str) -> Result<PathStat> {
    let response = client.send(Call::head(&["containers", container, "archive"]).query("path", path)).await;
    match response {
        Ok(response) => decode(response.headers()),
        // The answer to HEAD has no body that could say it.
        Err(Error::Daemon { status: 404, .. }) => Err(Error::Daemon {
            status: 404,
            message: format!("Could not find the file {path} in container {container}"),
        }),
        Err(error) => Err(error),
    }
}

fn decode(headers: &http::HeaderMap) -> Result<PathStat> {
    let unreadable = |cause: &str| Error::Answer { operation: "stat of a path".into(), cause: cause.to_owned() };
    let text = headers.get("x-docker-container-path-stat").ok_or_else(|| unreadable("the header is missing"))?;
    let json = STANDARD.decode(text.as_bytes()).map_err(|e| unreadable(&e.to_string()))?;
    serde_json::from_slice(&json).map_err(|e| unreadable(&e.to_string()))
}

fn resolve(path: &str, target: &str) -> String {
    if target.starts_with('/') {
        return target.to_owned();
    }
    let folder = path.trim_end_matches('/').rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/{target}")
}

/// The folder to unpack into, and the name there; no name: what is in the source goes into the folder.
fn place(target: &str, source: &str, source_is_folder: bool) -> Result<(PathBuf, Option<String>)> {
    let path = Path::new(target);
    if fs::metadata(path).is_ok_and(|facts| facts.is_dir()) {
        let name = if is_content(source) { None } else { Some(base(source).to_owned()) };
        return Ok((path.to_owned(), name));
    }
    let exists = fs::symlink_metadata(path).is_ok();
    match (exists, source_is_folder) {
        (true, true) => return Err(Error::invalid("cannot copy directory: the target is a file")),
        (false, false) if is_folder_path(target) => {
            return Err(Error::invalid(format!("no such directory: {target}")));
        }
        _ => {}
    }
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !parent.is_dir() {
        return Err(Error::invalid(format!(
            "invalid output path: directory {:?} does not exist",
            parent.display().to_string()
        )));
    }
    Ok((parent.to_owned(), Some(base(target).to_owned())))
}

async fn unpack(body: Incoming, folder: PathBuf, name: Option<String>, first: String, owners: bool) -> Result {
    let stream = futures::stream::unfold(body, |mut body| async move {
        loop {
            let frame = match body.frame().await? {
                Ok(frame) => frame,
                Err(error) => return Some((Err(std::io::Error::other(error)), body)),
            };
            if let Ok(data) = frame.into_data() {
                return Some((Ok(data), body));
            }
        }
    });
    let bridge = SyncIoBridge::new(StreamReader::new(Box::pin(stream)));
    let rename = move |path: &Path| -> Option<PathBuf> {
        let below = path.strip_prefix(&first).unwrap_or(path);
        let target = name.as_ref().map_or_else(PathBuf::new, PathBuf::from);
        Some(if below.as_os_str().is_empty() { target } else { target.join(below) })
    };
    let done = tokio::task::spawn_blocking(move || extract(bridge, &folder, owners, rename)).await;
    done.map_err(|e| Error::invalid(format!("copying broke: {e}")))?
}
