//! From this host to a container.

use std::fs;
use std::path::{Path, PathBuf};

use super::from::{FOLDER, stat};
use super::{base, is_content, is_folder_path};
use crate::client::{Call, Client, body_of_reader};
use crate::context::{Archive, spawn};
use crate::error::{Error, Result};

pub(super) async fn copy(
    client: &Client,
    source: &str,
    container: &str,
    path: &str,
    owners: bool,
    follow: bool,
) -> Result {
    if source == "-" {
        let call = put(container, path, owners).tar(body_of_reader(tokio::io::stdin()));
        return client.done(call).await;
    }
    let local = if follow { fs::canonicalize(source) } else { Ok(PathBuf::from(source)) };
    let local = local.map_err(|e| Error::io(format!("find {source}"), e))?;
    let facts = fs::symlink_metadata(&local).map_err(|e| Error::io(format!("look at {source}"), e))?;
    // A link that is named with a slash behind it, or whose content is asked for, stands for its target.
    let is_folder = facts.is_dir() || (is_folder_path(source) && local.is_dir());
    let (folder, name) = place(client, container, path, source, is_folder).await?;
    let pack = {
        let name = name.clone();
        move |target| {
            let mut archive = Archive::new(target);
            pack(&mut archive, &local, &name)?;
            archive.finish()
        }
    };
    let (reader, packing) = spawn(pack);
    let sent = client.done(put(container, &folder, owners).tar(body_of_reader(reader))).await;
    match packing.await {
        Ok(Err(error)) if sent.is_err() || !matches!(error, Error::Io { .. }) => Err(error),
        _ => sent,
    }
}

fn put(container: &str, folder: &str, owners: bool) -> Call {
    let call = Call::put(&["containers", container, "archive"]).query("path", folder);
    call.query("noOverwriteDirNonDir", "true").flag("copyUIDGID", owners)
}

/// The folder in the container, and the name there; no name: the content of the source goes into the folder.
async fn place(
    client: &Client,
    container: &str,
    path: &str,
    source: &str,
    is_folder: bool,
) -> Result<(String, Option<String>)> {
    let found = match stat(client, container, path).await {
        Ok(found) => Some(found),
        Err(error) if error.is_not_found() => None,
        Err(error) => return Err(error),
    };
    // A link to a folder is a folder here: the daemon resolves it in the container.
    let target_is_folder = match &found {
        Some(found) if found.mode & FOLDER != 0 => true,
        Some(found) if !found.link_target.is_empty() => {
            let inside = format!("{}/.", path.trim_end_matches('/'));
            stat(client, container, &inside).await.is_ok()
        }
        _ => false,
    };
    if target_is_folder {
        let name = if is_content(source) { None } else { Some(base(source).to_owned()) };
        return Ok((path.to_owned(), name));
    }
    if found.is_some() && is_folder {
        return Err(Error::invalid("cannot copy directory: the target is a file"));
    }
    if found.is_none() && !is_folder && is_folder_path(path) {
        return Err(Error::invalid(format!("no such directory: {path}")));
    }
    let trimmed = path.trim_end_matches("/.").trim_end_matches('/');
    let (parent, name) = trimmed.rsplit_once('/').unwrap_or(("", trimmed));
    Ok((if parent.is_empty() { "/".into() } else { parent.to_owned() }, Some(name.to_owned())))
}

fn pack<W: std::io::Write>(archive: &mut Archive<W>, local: &Path, name: &Option<String>) -> Result {
    match name {
        Some(name) => archive.add_tree(name, local),
        None => archive.add_tree(".", local),
    }
}
