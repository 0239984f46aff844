//! `cp`: between a container and this host, as tar archives.

mod from;
mod to;

use std::io::IsTerminal;

use crate::client::Client;
use crate::error::{Error, Result};

/// Copy files between a container and this host
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-
[OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH")]
#[command(after_help = "With - the other side is a tar archive on stdin or stdout.

Examples:
  knarr cp web:/etc/nginx .             a folder to here
  knarr cp page.html web:/srv/          a file into a folder")]
pub(crate) struct Args {
    /// Keep users and groups
    #[arg(short, long)]
    archive: bool,
    /// Copy what a symbolic link points to
    #[arg(short = 'L', long)]
    follow_link: bool,
    /// No progress
    #[arg(short, long)]
    quiet: bool,
    /// What to copy
    #[arg(value_name = "SRC", allow_hyphen_values = true)]
    source: String,
    /// Where to
    #[arg(value_name = "DEST", allow_hyphen_values = true)]
    target: String,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        match (side(&self.source), side(&self.target)) {
            (Some((_, "")), _) | (_, Some((_, ""))) => {
                return Err(Error::invalid("a path in the container is needed, for example web:/tmp"));
            }
            _ if self.source.is_empty() => return Err(Error::invalid("source can not be empty")),
            _ if self.target.is_empty() => return Err(Error::invalid("destination can not be empty")),
            (Some((container, path)), None) => {
                from::copy(client, container, path, &self.target, self.archive, self.follow_link).await?;
            }
            (None, Some((container, path))) => {
                to::copy(client, &self.source, container, path, self.archive, self.follow_link).await?;
            }
            (Some(_), Some(_)) => return Err(Error::invalid("copying between containers is not supported")),
            (None, None) => return Err(Error::invalid("must specify at least one container source")),
        }
        if !self.quiet && std::io::stderr().is_terminal() {
            eprintln!("Successfully copied to {}", self.target);
        }
        Ok(0)
    }
}

/// Container and path of `CONTAINER:PATH`; none for a path on this host (`./a:b` is one).
fn side(text: &str) -> Option<(&str, &str)> {
    if text.starts_with('/') || text.starts_with('.') {
        return None;
    }
    text.split_once(':').filter(|(container, _)| !container.is_empty())
}

/// Whether a path asks for what is in a folder: `x/.`.
fn is_content(path: &str) -> bool {
    path.ends_with("/.") || path == "."
}

/// Whether a path must be a folder.
fn is_folder_path(path: &str) -> bool {
    path.ends_with('/') || is_content(path)
}

/// The last component of a path.
fn base(path: &str) -> &str {
    path.trim_end_matches("/.").trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides() {
        assert_eq!(side("web:/etc"), Some(("web", "/etc")));
        assert_eq!(side("./web:/etc"), None);
        assert_eq!(side("/a:b"), None);
        assert_eq!(side("-"), None);
        assert_eq!((base("/a/b/"), base("/a/b/."), base("x")), ("b", "b", "x"));
    }
}
