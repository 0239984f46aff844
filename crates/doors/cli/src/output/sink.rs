//! Streams of bytes to stdout or to a file that is there whole or not at all.

use std::fs::File;
use std::io::{IsTerminal, Write, stdout};
use std::path::{Path, PathBuf};

use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::error::{Error, Result};

/// Writes a body to `path`, or to stdout, which must not be a terminal.
pub(crate) async fn save(body: Incoming, path: Option<&str>) -> Result {
    let saved = match path {
        Some(path) => {
            let partial = Partial::create(Path::new(path))?;
            copy(body, &partial.file, path).await?;
            partial.keep()
        }
        None => copy(body, stdout(), "stdout").await,
    };
    saved.map_err(|error| match error {
        Error::Io { source, .. } if source.kind() == std::io::ErrorKind::BrokenPipe => Error::Silent(141),
        other => other,
    })
}

/// Refuses to write binary data to a terminal.
pub(crate) fn refuse_terminal(path: Option<&str>) -> Result {
    if path.is_none() && stdout().is_terminal() {
        return Err(Error::invalid("cowardly refusing to save to a terminal. Use the -o flag or redirect"));
    }
    Ok(())
}

async fn copy(mut body: Incoming, mut target: impl Write, name: &str) -> Result {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| Error::Answer { operation: format!("write {name}"), cause: e.to_string() })?;
        if let Some(data) = frame.data_ref() {
            target.write_all(data).map_err(|e| Error::io(format!("write {name}"), e))?;
        }
    }
    target.flush().map_err(|e| Error::io(format!("write {name}"), e))
}

/// A file under a temporary name, removed unless it is kept.
struct Partial {
    file: File,
    partial: PathBuf,
    path: PathBuf,
}

impl Partial {
    fn create(path: &Path) -> Result<Self> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".partial-{}", std::process::id()));
        let partial = path.with_file_name(name);
        let file = File::create_new(&partial).map_err(|e| Error::io(format!("create {}", partial.display()), e))?;
        Ok(Self { file, partial, path: path.to_owned() })
    }

    fn keep(self) -> Result {
        std::fs::rename(&self.partial, &self.path)
            .map_err(|e| Error::io(format!("rename to {}", self.path.display()), e))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After a rename there is nothing of that name.
        let _ = std::fs::remove_file(&self.partial);
    }
}
