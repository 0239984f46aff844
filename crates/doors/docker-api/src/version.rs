//! The `/vX.Y` prefix of paths.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use knarr_model::Fault;

/// The oldest API version that is answered.
pub const MIN_API: &str = "1.24";
/// The newest.
pub const MAX_API: &str = "1.50";

const MIN: Version = Version(1, 24);
const MAX: Version = Version(1, 50);

/// The version that a request speaks: that of its path, or the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(u32, u32);

impl Version {
    /// Whether it is 1.`minor` or newer.
    pub(crate) fn at_least(self, minor: u32) -> bool {
        self >= Self(1, minor)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Version {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().copied().unwrap_or(MAX))
    }
}

/// Splits `/v1.43/rest` into its version and `/rest`. A path without a prefix is the newest version's. A version out of range
/// is refused in Docker's words.
pub(crate) fn strip(path: &str) -> knarr_model::Result<(Version, &str)> {
    let Some((version, rest)) = split(path) else { return Ok((MAX, path)) };
    let Some(number) = parse(version) else { return Ok((MAX, path)) };
    if number > MAX {
        let text = format!("client version {version} is too new. Maximum supported API version is {MAX_API}");
        return Err(Fault::invalid(text));
    }
    if number < MIN {
        let text = format!(
            "client version {version} is too old. Minimum supported API version is {MIN_API}, please upgrade your client to a newer version"
        );
        return Err(Fault::invalid(text));
    }
    Ok((number, rest))
}

fn split(path: &str) -> Option<(&str, &str)> {
    let tail = path.strip_prefix("/v")?;
    let slash = tail.find('/')?;
    Some((&tail[..slash], &tail[slash..]))
}

fn parse(version: &str) -> Option<Version> {
    let (major, minor) = version.split_once('.')?;
    Some(Version(major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_stripped_and_checked() {
        assert_eq!(strip("/v1.43/containers/json").unwrap(), (Version(1, 43), "/containers/json"));
        assert_eq!(strip("/volumes/x").unwrap(), (MAX, "/volumes/x"));
        assert_eq!(strip("/_ping").unwrap(), (MAX, "/_ping"));
        let new = strip("/v1.99/info").unwrap_err();
        assert_eq!(new.message(), "client version 1.99 is too new. Maximum supported API version is 1.50");
        assert!(strip("/v1.23/info").unwrap_err().message().starts_with("client version 1.23 is too old."));
        assert!(Version(1, 42).at_least(42) && !Version(1, 41).at_least(42));
    }
}
