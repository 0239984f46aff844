//! Streams of bytes to stdout or to a file that is there whole or not at all.

use std::fs::File;
use std::io::{IsTerminal, Write, stdout};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::error::{Error, Result};

/// Where a stream of bytes goes; opened before anything is asked for.
pub(crate) enum Sink {
    Stdout,
    File(Partial),
}

impl Sink {
    /// `path`, or stdout, which must not be a terminal.
    pub(crate) fn open(path: Option<&str>) -> Result<Self> {
        match path {
            Some(path) => Partial::create(Path::new(path)).map(Self::File),
            None if stdout().is_terminal() => {
                Err(Error::invalid("cowardly refusing to save to a terminal. Use the -o flag or redirect"))
            }
            None => Ok(Self::Stdout),
        }
    }

    /// Another descriptor of what it writes to.
    pub(crate) fn file(&self) -> Result<File> {
        let copy = match self {
            Self::Stdout => stdout().as_fd().try_clone_to_owned().map(File::from),
            Self::File(partial) => partial.file.try_clone(),
        };
        copy.map_err(|e| Error::io("open the output", e))
    }

    /// Ends a file that somebody else has written.
    pub(crate) fn filled(self) -> Result {
        match self {
            Self::Stdout => Ok(()),
            Self::File(partial) => partial.keep(),
        }
    }

    /// Writes a body to it.
    pub(crate) async fn fill(self, body: Incoming) -> Result {
        let filled = match self {
            Self::Stdout => copy(body, stdout(), "stdout").await,
            Self::File(partial) => {
                copy(body, &partial.file, &partial.path.display().to_string()).await?;
                partial.keep()
            }
        };
        filled.map_err(|error| match error {
            Error::Io { source, .. } if source.kind() == std::io::ErrorKind::BrokenPipe => Error::Silent(141),
            other => other,
        })
    }
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
pub(crate) struct Partial {
    file: File,
    partial: PathBuf,
    path: PathBuf,
}

impl Partial {
    fn create(path: &Path) -> Result<Self> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".partial-{}", std::process::id()));
        let partial = path.with_file_name(name);
        let file = File::create_new(&partial).map_err(|e| Error::io(format!("create {}", path.display()), e))?;
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
