//! Where a build's context comes from, and sending it.

use std::fs;
use std::io::{Cursor, ErrorKind, IsTerminal, Read, Write, stdin};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use knarr_api::image::Progress;
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio_util::io::SyncIoBridge;

use crate::client::{Call, Client, Lines, body_of_reader};
use crate::context::{Archive, pack_context, spawn};
use crate::error::{Error, Result};
use crate::progress::{Shown, Target, show};

/// Where the context comes from.
pub(super) enum Context {
    /// An archive at stdin that begins with these bytes.
    Archive(Vec<u8>),
    /// A Dockerfile at stdin, and nothing else.
    Dockerfile(Vec<u8>),
    Url(String),
    Folder {
        folder: PathBuf,
        dockerfile: String,
        elsewhere: Option<Vec<u8>>,
    },
}

impl Context {
    /// Finds the context that `path` names; `file` is the Dockerfile's path, as the user gave it.
    pub(super) fn find(path: &str, file: Option<&str>) -> Result<Self> {
        if path == "-" {
            if stdin().is_terminal() {
                return Err(Error::invalid(
                    "the context - is stdin, but stdin is a terminal: pipe a tar archive or a Dockerfile in",
                ));
            }
            return context_at_stdin();
        }
        if path.contains("://") || path.starts_with("git@") || path.starts_with("github.com/") {
            return Ok(Self::Url(path.to_owned()));
        }
        let folder = fs::canonicalize(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::invalid(format!("unable to prepare context: path {path:?} not found")),
            _ => Error::io(format!("prepare the context {path}"), error),
        })?;
        if !folder.is_dir() {
            return Err(Error::invalid(format!(
                "unable to prepare context: context must be a directory: {}",
                folder.display()
            )));
        }
        let (dockerfile, elsewhere) = dockerfile(&folder, file)?;
        Ok(Self::Folder { folder, dockerfile, elsewhere })
    }

    /// Sends the call with this context, and shows what the daemon says.
    pub(super) async fn send(self, client: &Client, call: Call, compress: bool, target: Target) -> Result<Shown> {
        let sent = match self {
            Self::Url(_) => client.stream(call).await,
            Self::Archive(start) => {
                let archive = AsyncReadExt::chain(Cursor::new(start), tokio::io::stdin());
                client.stream(call.tar(body_of_reader(archive))).await
            }
            Self::Dockerfile(text) => {
                packed(client, call, compress, move |target| pack_dockerfile(&text, target)).await
            }
            Self::Folder { folder, dockerfile, elsewhere } => {
                let pack =
                    move |target: &mut dyn Write| pack_context(&folder, &dockerfile, elsewhere.as_deref(), target);
                packed(client, call, compress, pack).await
            }
        };
        show(sent?, target).await
    }
}

/// Sends what `pack` writes. A context that cannot be packed says more than the broken request that follows from it.
async fn packed<F>(client: &Client, call: Call, compress: bool, pack: F) -> Result<Lines<Progress>>
where
    F: FnOnce(&mut dyn Write) -> Result + Send + 'static,
{
    let (reader, packing) = spawn(move |target| written(target, compress, pack));
    let sent = client.stream(call.tar(body_of_reader(reader))).await;
    if sent.is_ok() {
        return sent;
    }
    match packing.await {
        Ok(Err(error)) if !is_broken_pipe(&error) => Err(error),
        _ => sent,
    }
}

fn written(
    mut target: SyncIoBridge<DuplexStream>,
    compress: bool,
    pack: impl FnOnce(&mut dyn Write) -> Result,
) -> Result {
    if !compress {
        return pack(&mut target);
    }
    let mut compressed = GzEncoder::new(target, Compression::fast());
    pack(&mut compressed)?;
    compressed.finish().map(drop).map_err(|e| Error::io("compress the context", e))
}

fn pack_dockerfile(text: &[u8], target: impl Write) -> Result {
    let mut archive = Archive::new(target);
    archive.add_bytes("Dockerfile", text)?;
    archive.finish()
}

/// What is at stdin tells by its first bytes whether it is an archive.
fn context_at_stdin() -> Result<Context> {
    let failed = |e| Error::io("read the context from stdin", e);
    let mut start = Vec::new();
    stdin().lock().take(512).read_to_end(&mut start).map_err(failed)?;
    let packed: [&[u8]; 4] = [b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd"];
    let is_tar = start.get(257..262) == Some(b"ustar") || (start.len() == 512 && start.iter().all(|byte| *byte == 0));
    if is_tar || packed.iter().any(|magic| start.starts_with(magic)) {
        return Ok(Context::Archive(start));
    }
    stdin().lock().read_to_end(&mut start).map_err(failed)?;
    Ok(Context::Dockerfile(start))
}

/// The Dockerfile's path in the context, and its text where it lies elsewhere.
fn dockerfile(folder: &Path, file: Option<&str>) -> Result<(String, Option<Vec<u8>>)> {
    let Some(file) = file else { return in_context(folder, &folder.join("Dockerfile")) };
    let elsewhere = format!(".dockerfile.{}", std::process::id());
    if file == "-" {
        let mut text = Vec::new();
        stdin().lock().read_to_end(&mut text).map_err(|e| Error::io("read the Dockerfile from stdin", e))?;
        return Ok((elsewhere, Some(text)));
    }
    // As it is, else relative to the context, as docker looks for it.
    let path = [PathBuf::from(file), folder.join(file)].into_iter().find(|path| path.exists());
    let path =
        path.ok_or_else(|| Error::invalid(format!("unable to prepare context: cannot find the Dockerfile {file}")))?;
    let path = fs::canonicalize(&path).map_err(|e| Error::io(format!("find {file}"), e))?;
    if path.starts_with(folder) {
        return in_context(folder, &path);
    }
    let text = fs::read(&path).map_err(|e| Error::io(format!("read {}", path.display()), e))?;
    Ok((elsewhere, Some(text)))
}

fn in_context(folder: &Path, path: &Path) -> Result<(String, Option<Vec<u8>>)> {
    if !path.is_file() {
        let text = format!("unable to prepare context: there is no Dockerfile at {}; name it with -f", path.display());
        return Err(Error::invalid(text));
    }
    let relative = path.strip_prefix(folder).unwrap_or(path);
    Ok((relative.to_string_lossy().into_owned(), None))
}

fn is_broken_pipe(error: &Error) -> bool {
    matches!(error, Error::Io { source, .. } if source.kind() == std::io::ErrorKind::BrokenPipe)
}
