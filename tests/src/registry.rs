//! A private registry.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use knarr_model::Digest;
use tempfile::TempDir;

use crate::process::{Running, knarr_binary};

/// `knarr registry serve` on a free loopback port.
pub struct Registry {
    folder: Option<TempDir>,
    root: PathBuf,
    address: String,
    server: Running,
}

impl Registry {
    /// Starts one on a folder of its own.
    pub fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("knarr-e2e-registry-").tempdir()?;
        let root = folder.path().to_owned();
        Self::serve(Some(folder), &root, "127.0.0.1:0", &[])
    }

    /// Starts one on `root` at `address` with more flags.
    pub fn start_on(root: &Path, address: &str, flags: &[&str]) -> Result<Self> {
        Self::serve(None, root, address, flags)
    }

    fn serve(folder: Option<TempDir>, root: &Path, address: &str, flags: &[&str]) -> Result<Self> {
        let mut command = Command::new(knarr_binary());
        command.args(["registry", "serve", "--addr", address, "--root"]).arg(root).args(flags);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut server = Running::start(&mut command)?;
        let stdout = server.stdout().context("standard output was piped")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let Some((_, address)) = line.trim().split_once("://") else {
            bail!("the registry did not print its address but {line:?}")
        };
        Ok(Self { folder, root: root.to_owned(), address: address.to_owned(), server })
    }

    /// `HOST:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `ADDRESS/NAME`.
    pub fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }

    /// kill -9; the folder stays as long as the value that is returned.
    pub fn kill(mut self) -> Result<Option<TempDir>> {
        self.server.kill()?;
        Ok(self.folder.take())
    }

    /// Takes a blob away: whoever asks for it from now on fails.
    pub fn take_away(&self, digest: &str) -> Result<()> {
        Ok(std::fs::remove_file(blob_file(&self.root, digest)?)?)
    }

    /// Bytes of all blobs in its store.
    pub fn stored_bytes(&self) -> Result<u64> {
        let (mut total, mut folders) = (0, vec![self.root.join("blobs")]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder)?.flatten() {
                let about = entry.metadata()?;
                if about.is_dir() { folders.push(entry.path()) } else { total += about.len() }
            }
        }
        Ok(total)
    }

    /// Digest and size of every blob of an image (manifest, config, layers).
    pub fn blobs(&self, name: &str, tag: &str) -> Result<BTreeMap<String, u64>> {
        let (status, text) = self.get(&format!("/v2/{name}/manifests/{tag}"))?;
        ensure!(status == 200, "{name}:{tag}: {status} {text}");
        let manifest: serde_json::Value = serde_json::from_str(&text)?;
        let layers = manifest["layers"].as_array().context("a manifest has layers")?;
        let mut blobs = BTreeMap::from([("manifest".to_owned(), text.len() as u64)]);
        for blob in layers.iter().chain([&manifest["config"]]) {
            let (digest, size) = (blob["digest"].as_str(), blob["size"].as_u64());
            blobs.insert(digest.context("a digest")?.to_owned(), size.context("a size")?);
        }
        Ok(blobs)
    }

    /// A plain `GET`; status and body. Only for a registry without TLS.
    pub fn get(&self, path: &str) -> Result<(u16, String)> {
        self.ask("GET", path, "", b"")
    }

    /// Puts a blob into a repository; its digest.
    pub fn put_blob(&self, name: &str, bytes: &[u8]) -> Result<Digest> {
        let digest = Digest::of(bytes);
        let path = format!("/v2/{name}/blobs/uploads/?digest={digest}");
        let (status, said) = self.ask("POST", &path, "application/octet-stream", bytes)?;
        ensure!(status == 201, "{path}: {status} {said}");
        Ok(digest)
    }

    /// Puts a manifest or index under a tag or its digest.
    pub fn put_manifest(&self, name: &str, tag: &str, media_type: &str, bytes: &[u8]) -> Result<()> {
        let (status, said) = self.ask("PUT", &format!("/v2/{name}/manifests/{tag}"), media_type, bytes)?;
        ensure!(status == 201, "{name}:{tag}: {status} {said}");
        Ok(())
    }

    fn ask(&self, method: &str, path: &str, media_type: &str, body: &[u8]) -> Result<(u16, String)> {
        let mut stream = TcpStream::connect(&self.address)?;
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address)?;
        write!(stream, "Content-Type: {media_type}\r\nContent-Length: {}\r\n\r\n", body.len())?;
        stream.write_all(body)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let status = answer.split_whitespace().nth(1).context("no status line")?.parse()?;
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned();
        Ok((status, body))
    }
}

/// The file of a blob below the root of a registry or a daemon.
pub fn blob_file(root: &Path, digest: &str) -> Result<PathBuf> {
    let hex = digest.trim_start_matches("sha256:");
    let path = root.join("blobs/sha256").join(hex.get(..2).context("a digest")?).join(hex);
    ensure!(path.exists(), "there is no blob {digest} below {}", root.display());
    Ok(path)
}
