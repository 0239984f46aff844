//! Names of images, as the user gives them.

use knarr_model::{Reference, ReferenceError};

use crate::error::{Error, Result};

/// A name, and its tag or digest.
pub(crate) fn split_reference(image: &str) -> (String, Option<String>) {
    if let Some((name, digest)) = image.split_once('@') {
        return (name.to_owned(), Some(digest.to_owned()));
    }
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name.to_owned(), Some(tag.to_owned())),
        _ => (image.to_owned(), None),
    }
}

/// The name with its tag, as Docker says it.
pub(crate) fn familiar(image: &str) -> String {
    match split_reference(image) {
        (name, None) => format!("{name}:latest"),
        _ => image.to_owned(),
    }
}

/// Reads a name with its tag or digest.
pub(crate) fn parse(image: &str) -> Result<Reference> {
    image.parse().map_err(|error: ReferenceError| Error::invalid(error.to_string()))
}

/// Refuses what is neither a name nor an id.
pub(crate) fn check(image: &str) -> Result {
    let digits = image.strip_prefix("sha256:").unwrap_or(image);
    let is_id = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id { Ok(()) } else { parse(image).map(drop) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_split() {
        for (image, name, tag) in [
            ("debian", "debian", None),
            ("debian:12", "debian", Some("12")),
            ("r:5000/a", "r:5000/a", None),
            ("r:5000/a:b", "r:5000/a", Some("b")),
            ("a@sha256:0", "a", Some("sha256:0")),
        ] {
            assert_eq!(split_reference(image), (name.to_owned(), tag.map(str::to_owned)));
        }
        assert_eq!(familiar("r:5000/a"), "r:5000/a:latest");
    }
}
