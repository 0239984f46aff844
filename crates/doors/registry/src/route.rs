//! From a path to what it names. Pure.

use http::Method;
use knarr_model::Digest;

use crate::name::{Name, is_tag};
use crate::problem::{Code, Problem};

/// What a request is about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/v2/`
    Ping,
    /// `/v2/_catalog`
    Catalog,
    /// `/v2/<name>/tags/list`
    Tags(Name),
    /// `/v2/<name>/manifests/<tag or digest>`
    Manifest(Name, Target),
    /// `/v2/<name>/blobs/<digest>`
    Blob(Name, Digest),
    /// `/v2/<name>/blobs/uploads/`
    Uploads(Name),
    /// `/v2/<name>/blobs/uploads/<id>`
    Upload(Name, String),
    /// `/v2/<name>/referrers/<digest>`
    Referrers(Name, Digest),
}

/// How a manifest is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Tag(String),
    Digest(Digest),
}

impl Route {
    /// Reads the path from its right end, since names may contain any of the words.
    pub(crate) fn parse(method: &Method, path: &str) -> Result<Self, Problem> {
        let unknown = || Problem::new(Code::NameUnknown, "no such endpoint").with_status(http::StatusCode::NOT_FOUND);
        let rest = match path {
            "/v2" => "",
            _ => path.strip_prefix("/v2/").ok_or_else(unknown)?,
        };
        match rest {
            "" => return Ok(Self::Ping),
            "_catalog" => return Ok(Self::Catalog),
            _ => {}
        }
        let (head, last) = rest.rsplit_once('/').ok_or_else(unknown)?;
        let (name, word) = head.rsplit_once('/').ok_or_else(unknown)?;
        match word {
            "uploads" => Self::upload(name, last).ok_or_else(unknown)?,
            "blobs" if last == "uploads" => Ok(Self::Uploads(parse_name(name)?)),
            "blobs" => Ok(Self::Blob(parse_name(name)?, parse_digest(last)?)),
            "manifests" => Ok(Self::Manifest(parse_name(name)?, Target::parse(method, last)?)),
            "referrers" => Ok(Self::Referrers(parse_name(name)?, parse_digest(last)?)),
            "tags" if last == "list" => Ok(Self::Tags(parse_name(name)?)),
            _ => Err(unknown()),
        }
    }

    /// `<name>/blobs` + `/uploads/` + id.
    fn upload(head: &str, id: &str) -> Option<Result<Self, Problem>> {
        let name = head.strip_suffix("/blobs")?;
        Some(parse_name(name).map(|name| match id {
            "" => Self::Uploads(name),
            id => Self::Upload(name, id.to_owned()),
        }))
    }
}

impl Target {
    /// A malformed tag names nothing (404), and nothing can be put there (400).
    fn parse(method: &Method, text: &str) -> Result<Self, Problem> {
        if text.contains(':') {
            return parse_digest(text).map(Self::Digest);
        }
        match is_tag(text) {
            true => Ok(Self::Tag(text.to_owned())),
            false if *method == Method::PUT => Err(Problem::new(Code::ManifestInvalid, "invalid tag")),
            false => Err(Problem::new(Code::ManifestUnknown, "manifest unknown")),
        }
    }
}

fn parse_name(text: &str) -> Result<Name, Problem> {
    Name::parse(text).ok_or_else(|| Problem::new(Code::NameInvalid, "invalid repository name"))
}

/// A digest from a path or a query.
pub(crate) fn parse_digest(text: &str) -> Result<Digest, Problem> {
    text.parse().map_err(|_| Problem::new(Code::DigestInvalid, "invalid digest: only sha256 is supported"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &str) -> Option<Route> {
        Route::parse(&Method::GET, path).ok()
    }

    #[test]
    fn paths_are_read_from_the_right() {
        let name = |text: &str| Name::parse(text).unwrap();
        let digest = Digest::of(b"");
        assert_eq!(get("/v2/"), Some(Route::Ping));
        assert_eq!(get("/v2/a/tags/list"), Some(Route::Tags(name("a"))));
        assert_eq!(get("/v2/a/blobs/uploads/"), Some(Route::Uploads(name("a"))));
        assert_eq!(get("/v2/a/blobs/uploads"), Some(Route::Uploads(name("a"))));
        assert_eq!(get("/v2/a/blobs/uploads/x"), Some(Route::Upload(name("a"), "x".into())));
        let nested = format!("/v2/blobs/uploads/manifests/blobs/{digest}");
        assert_eq!(get(&nested), Some(Route::Blob(name("blobs/uploads/manifests"), digest.clone())));
        let manifest = Route::Manifest(name("a/b"), Target::Tag("v1".into()));
        assert_eq!(get("/v2/a/b/manifests/v1"), Some(manifest));
    }

    #[test]
    fn paths_that_escape_are_refused() {
        for bad in [
            "/",
            "/v1/",
            "/v2/a",
            "/v2/../blobs/uploads/",
            "/v2/a/../../b/manifests/v1",
            "/v2/a/manifests/..",
            "/v2/a/blobs/sha256:../../x",
            "/v2/a/manifests/sha256:12",
            "/v2//manifests/v1",
            "/v2/a/%2e%2e/tags/list",
        ] {
            assert!(get(bad).is_none(), "{bad}");
        }
    }
}
