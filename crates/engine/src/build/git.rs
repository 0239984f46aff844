//! A git repository as a context: the machine's `git`, which sees nothing of this machine.
//!
//! It runs with an environment of its own and without any configuration, asks nobody for anything, speaks HTTP and git's own protocol only, runs
//! no hooks, and fetches no submodules. What is checked out is untrusted like any other context.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use knarr_model::{Fault, Kind, Result};
use tokio::process::Command;

/// Options of every call: nothing that a repository or a server says is run, or leads elsewhere.
const OPTIONS: [&str; 9] = [
    "protocol.allow=never",
    "protocol.http.allow=always",
    "protocol.https.allow=always",
    "protocol.git.allow=always",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "credential.helper=",
    "http.followRedirects=initial",
    "submodule.recurse=false",
];
/// Bytes of git's own words that are told.
const TOLD: usize = 2_000;

/// A repository, what of it is wanted, and the folder in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    url: String,
    reference: String,
    folder: PathBuf,
}

impl Repository {
    /// Reads `URL[#[reference][:folder]]`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let (url, wanted) = text.split_once('#').unwrap_or((text, ""));
        let (reference, folder) = wanted.split_once(':').unwrap_or((wanted, ""));
        let url = if url.starts_with("github.com/") { format!("https://{url}") } else { url.to_owned() };
        let plain = |text: &str| text.chars().all(|c| !c.is_whitespace() && !c.is_control());
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '@');
        if !plain(&url) || reference.starts_with('-') || reference.contains("..") || !reference.chars().all(named) {
            return Err(Fault::invalid(format!(
                "cannot build from {text:?}: must be URL[#[branch, tag or commit][:folder]]"
            )));
        }
        let reference = if reference.is_empty() { "HEAD".to_owned() } else { reference.to_owned() };
        Ok(Self { url, reference, folder: PathBuf::from(folder.trim_start_matches('/')) })
    }

    /// The folder that is wanted, below where the repository was checked out.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Checks the repository out into `target`, an empty folder; `home` is an empty one, too. Nothing of git's own stays.
    pub(super) async fn check_out(&self, home: &Path, target: &Path) -> Result<()> {
        let git = Git { home, target };
        git.must(&["init", "--quiet", "--template="]).await?;
        let shallow =
            ["fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--", &self.url, &self.reference];
        if !git.call(&shallow).await?.status.success() {
            self.fetch_all(&git).await?;
        }
        git.must(&["checkout", "--quiet", "--detach", "FETCH_HEAD"]).await?;
        let own = target.join(".git");
        std::fs::remove_dir_all(&own).map_err(|e| Fault::io(format!("remove {}", own.display()), e))
    }

    /// For servers that cannot cut the history, and for commits, which some give only with what leads to them.
    async fn fetch_all(&self, git: &Git<'_>) -> Result<()> {
        let commit = self.reference.len() == 40 && self.reference.bytes().all(|b| b.is_ascii_hexdigit());
        let wanted = if commit { "+refs/heads/*:refs/heads/*" } else { self.reference.as_str() };
        git.must(&["fetch", "--quiet", "--no-recurse-submodules", "--", &self.url, wanted]).await?;
        match commit {
            true => git.must(&["update-ref", "--no-deref", "FETCH_HEAD", &self.reference]).await.map(drop),
            false => Ok(()),
        }
    }
}

struct Git<'a> {
    home: &'a Path,
    target: &'a Path,
}

impl Git<'_> {
    async fn must(&self, args: &[&str]) -> Result<Output> {
        let output = self.call(args).await?;
        if output.status.success() {
            return Ok(output);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said: String = said.trim().chars().take(TOLD).collect();
        Err(Fault::invalid(format!("cannot build from a git repository: git {} failed: {said}", args[0])))
    }

    /// The process goes with this future.
    async fn call(&self, args: &[&str]) -> Result<Output> {
        // Of the daemon's own environment git sees where programs are, and nothing else.
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut command = Command::new("git");
        command.args(OPTIONS.iter().flat_map(|option| ["-c", option])).args(args).current_dir(self.target);
        command.env_clear().env("PATH", path).env("HOME", self.home).env("LC_ALL", "C");
        command
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CEILING_DIRECTORIES", self.home);
        command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_ASKPASS", "true").env("GIT_ATTR_NOSYSTEM", "1");
        command.env("GIT_HTTP_LOW_SPEED_LIMIT", "1").env("GIT_HTTP_LOW_SPEED_TIME", "60");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        knarr_sys::process::die_with_parent(command.as_std_mut());
        let output = command.output().await;
        output.map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Fault::new(
                Kind::Unsupported,
                "cannot build from a git repository: git is not installed on the daemon's machine",
            ),
            _ => Fault::io("run git", error),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_and_folders_are_read() {
        let parsed = Repository::parse("https://host/x.git#v1.0:sub/dir").unwrap();
        assert_eq!((parsed.url.as_str(), parsed.reference.as_str()), ("https://host/x.git", "v1.0"));
        assert_eq!(parsed.folder(), Path::new("sub/dir"));
        let parsed = Repository::parse("github.com/a/b#:sub").unwrap();
        assert_eq!((parsed.url.as_str(), parsed.reference.as_str()), ("https://github.com/a/b", "HEAD"));
    }

    #[test]
    fn what_could_be_an_option_or_a_range_is_refused() {
        for bad in [
            "git://h/x#--upload-pack=x",
            "git://h/x#a b",
            "git://h/x#a..b",
            "git://h/ x",
            "git://h/x#a\nb",
            "git://h/x#+a^{}",
        ] {
            assert!(Repository::parse(bad).is_err(), "{bad}");
        }
    }
}
