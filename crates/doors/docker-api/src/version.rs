//! The `/vX.Y` prefix of paths.

use knarr_model::{Fault, Result};

/// The oldest API version that is answered.
pub const MIN_API: &str = "1.24";
/// The newest.
pub const MAX_API: &str = "1.50";

const MIN: (u32, u32) = (1, 24);
const MAX: (u32, u32) = (1, 50);

/// Splits `/v1.43/rest` into its version and `/rest`. A path without a prefix is the newest version's. A version out of range
/// is refused in Docker's words.
pub(crate) fn strip(path: &str) -> Result<&str> {
    let Some((version, rest)) = split(path) else { return Ok(path) };
    let Some(number) = parse(version) else { return Ok(path) };
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
    Ok(rest)
}

fn split(path: &str) -> Option<(&str, &str)> {
    let tail = path.strip_prefix("/v")?;
    let slash = tail.find('/')?;
    Some((&tail[..slash], &tail[slash..]))
}

fn parse(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_stripped_and_checked() {
        assert_eq!(strip("/v1.43/containers/json").unwrap(), "/containers/json");
        assert_eq!(strip("/volumes/x").unwrap(), "/volumes/x");
        assert_eq!(strip("/_ping").unwrap(), "/_ping");
        let new = strip("/v1.99/info").unwrap_err();
        assert_eq!(new.message(), "client version 1.99 is too new. Maximum supported API version is 1.50");
        assert!(strip("/v1.23/info").unwrap_err().message().starts_with("client version 1.23 is too old."));
    }
}
