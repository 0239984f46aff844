//! A context that is somewhere else: an archive, a Dockerfile or a git repository behind a URL.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::Path;

use knarr_build::ports::{Executor as _, Report as _};
use knarr_build::{BuildError, Event};
use knarr_model::{Fault, Result};
use knarr_sys::path::Root;

use super::executor::Worker;
use super::git::Repository;

/// Bytes of a Dockerfile that is a context of its own.
const LIMIT: u64 = 4 << 20;

/// Where a context is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remote {
    /// A file behind HTTP: an archive, or a Dockerfile.
    Web(String),
    /// A git repository.
    Git(Repository),
}

impl std::str::FromStr for Remote {
    type Err = Fault;

    fn from_str(url: &str) -> Result<Self> {
        let web = url.starts_with("http://") || url.starts_with("https://");
        let path = url.split('#').next().unwrap_or_default();
        let git = path.starts_with("git://") || path.starts_with("github.com/") || (web && path.ends_with(".git"));
        match (git, web) {
            (true, _) => Repository::parse(url).map(Self::Git),
            (_, true) => Ok(Self::Web(url.to_owned())),
            _ => Err(Fault::invalid(format!(
                "cannot build from {url:?}: must be an http, https or git URL; send anything else as the context"
            ))),
        }
    }
}

/// What was fetched.
pub(super) enum Fetched {
    /// An archive, plain or compressed.
    Archive(File),
    /// A Dockerfile, alone.
    Dockerfile(Vec<u8>),
    /// A folder.
    Folder(Root),
}

impl Worker<'_> {
    /// Fetches a context. Ends early where the client goes away.
    pub(super) fn fetch_context(&self, remote: &Remote) -> Result<Fetched> {
        match remote {
            Remote::Web(url) => self.fetch_file(url),
            Remote::Git(repository) => self.fetch_repository(repository).map(Fetched::Folder),
        }
    }

    /// What a server calls its file says little: an archive is one by its content.
    fn fetch_file(&self, url: &str) -> Result<Fetched> {
        let mut file = self.fetch(url)?.file;
        let failed = |e| Fault::io(format!("read what was downloaded from {url}"), e);
        let mut content = || file.rewind().and_then(|()| file.try_clone()).map_err(failed);
        if self.is_archive(Box::new(content()?))? {
            return content().map(Fetched::Archive);
        }
        let mut text = Vec::new();
        content()?.take(LIMIT + 1).read_to_end(&mut text).map_err(failed)?;
        match text.len() as u64 > LIMIT || std::str::from_utf8(&text).is_err() {
            true => Err(Fault::invalid(format!("cannot build from {url}: it is neither an archive nor a Dockerfile"))),
            false => Ok(Fetched::Dockerfile(text)),
        }
    }

    fn fetch_repository(&self, repository: &Repository) -> Result<Root> {
        let (home, target) = (self.workspace.folder()?, self.workspace.folder()?);
        self.runtime.block_on(async {
            tokio::select! {
                done = repository.check_out(&home, &target) => done,
                () = self.teller.gone() => Err(BuildError::Cancelled.into()),
            }
        })?;
        let open = |path: &Path| Root::open(&target)?.open_dir(path).map(Root::from_fd);
        let missing = |e| Fault::io(format!("open the folder {} of the repository", repository.folder().display()), e);
        let root = open(repository.folder()).map_err(missing)?;
        if root.node_nofollow(Path::new(".gitmodules")).is_ok() {
            self.teller.event(Event::Warning("the repository's submodules are not fetched"));
        }
        Ok(root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_told_apart() {
        let git = |url: &str| matches!(url.parse(), Ok(Remote::Git(_)));
        let web = |url: &str| matches!(url.parse(), Ok(Remote::Web(_)));
        assert!(git("git://host/x") && git("https://host/x.git#v1:sub") && git("github.com/a/b"));
        assert!(web("http://host/x.tar.gz") && web("https://host/Dockerfile#x.git"));
        for bad in
            ["", "ftp://host/x", "file:///etc", "git@host:x.git", "ssh://host/x.git", "/etc/passwd", "ext::sh -c x"]
        {
            assert!(bad.parse::<Remote>().is_err(), "{bad}");
        }
    }
}
