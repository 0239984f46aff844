//! The files of an unpacked image archive.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use knarr_model::oci::DOCUMENT_LIMIT;
use knarr_model::{Digest, Fault, Result};
use knarr_sys::path::Root;
use rustix::fs::{FileType, Mode, OFlags};
use serde::de::DeserializeOwned;

/// Opens only regular files, only below the archive's root.
pub(super) struct Files(Root);

impl Files {
    pub(super) fn new(root: Root) -> Self {
        Self(root)
    }

    /// Whether there is anything of this name.
    pub(super) fn has(&self, path: &str) -> Result<bool> {
        match self.0.node(Path::new(path)) {
            Ok(_) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(fault(path, e)),
        }
    }

    /// Opens a file. Links are followed inside the root; a device or pipe is never opened.
    pub(super) fn open(&self, path: &str) -> Result<File> {
        let open = || {
            let stat = self.0.node(Path::new(path))?.stat()?;
            if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "not a regular file"));
            }
            Ok(File::from(self.0.open_at(Path::new(path), OFlags::RDONLY, Mode::empty())?))
        };
        open().map_err(|e| fault(path, e))
    }

    /// A whole document.
    pub(super) fn read(&self, path: &str) -> Result<Vec<u8>> {
        let mut data = Vec::new();
        self.open(path)?.take(DOCUMENT_LIMIT + 1).read_to_end(&mut data).map_err(|e| fault(path, e))?;
        if data.len() as u64 > DOCUMENT_LIMIT {
            return Err(Fault::invalid(format!("{path} in the archive is larger than {DOCUMENT_LIMIT} bytes")));
        }
        Ok(data)
    }

    /// A whole document whose bytes have this digest.
    pub(super) fn read_verified(&self, digest: &Digest) -> Result<Vec<u8>> {
        let path = blob(digest);
        let data = self.read(&path)?;
        let found = Digest::of(&data);
        if found == *digest {
            return Ok(data);
        }
        Err(Fault::invalid(format!("{path} in the archive does not match its digest: found {found}")))
    }

    /// A JSON document.
    pub(super) fn json<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let parsed = serde_json::from_slice(&self.read(path)?);
        parsed.map_err(|e| Fault::invalid(format!("{path} in the archive is malformed")).because(e))
    }
}

/// Where an OCI layout keeps a blob.
pub(super) fn blob(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

/// What is wrong with an archive's file is the archive's fault.
fn fault(path: &str, error: io::Error) -> Fault {
    Fault::invalid(format!("cannot read {path} in the archive")).because(error)
}
