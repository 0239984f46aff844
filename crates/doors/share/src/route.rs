//! What a request asks for. Pure.

use knarr_model::Digest;

/// A readable thing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/v2/`.
    Ping,
    /// A manifest by the name of its image.
    Tag(String),
    /// A manifest by digest.
    Manifest(Digest),
    /// A blob.
    Blob(Digest),
}

impl Route {
    /// Reads a path from its end: a name may have slashes. The registry that a name is of is told by `ns`, as containerd tells it to mirrors.
    pub(crate) fn parse(path: &str, query: Option<&str>) -> Option<Self> {
        let rest = path.strip_prefix("/v2")?;
        if matches!(rest, "" | "/") {
            return Some(Self::Ping);
        }
        let (head, last) = rest.strip_prefix('/')?.rsplit_once('/')?;
        let (name, kind) = head.rsplit_once('/')?;
        match (kind, last.parse()) {
            ("blobs", Ok(digest)) => Some(Self::Blob(digest)),
            ("manifests", Ok(digest)) => Some(Self::Manifest(digest)),
            ("manifests", Err(_)) => {
                let registry = query.unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("ns="));
                let registry = registry.filter(|registry| !registry.is_empty()).map(|registry| format!("{registry}/"));
                Some(Self::Tag(format!("{}{name}:{last}", registry.unwrap_or_default())))
            }
            _ => None,
        }
    }
}

/// The part of `size` bytes that a `Range: bytes=FIRST-` or `FIRST-LAST` asks for, as offset and length; none beyond the end.
pub(crate) fn part(range: Option<&str>, size: u64) -> Option<(u64, u64)> {
    let Some((first, last)) = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-')) else {
        return Some((0, size));
    };
    // Forms that no puller sends are answered with the whole, as RFC 9110 allows.
    let Ok(first) = first.parse::<u64>() else { return Some((0, size)) };
    let last = last.parse::<u64>().map_or(size.checked_sub(1), |last| Some(last.min(size.checked_sub(1)?)));
    let length = last?.checked_sub(first)?.checked_add(1)?;
    Some((first, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_from_the_right() {
        let digest = Digest::of(b"");
        let parse = |path: &str| Route::parse(path, None);
        assert_eq!(parse("/v2/"), Some(Route::Ping));
        assert_eq!(parse("/v2/a/b/manifests/1"), Some(Route::Tag("a/b:1".into())));
        assert_eq!(parse(&format!("/v2/a/manifests/{digest}")), Some(Route::Manifest(digest.clone())));
        assert_eq!(parse(&format!("/v2/blobs/manifests/blobs/{digest}")), Some(Route::Blob(digest)));
        for (query, name) in [("ns=r.example:5000", "r.example:5000/a:1"), ("x=1&ns=r", "r/a:1"), ("ns=", "a:1")] {
            assert_eq!(Route::parse("/v2/a/manifests/1", Some(query)), Some(Route::Tag(name.into())), "{query}");
        }
        for none in
            ["/", "/v1/", "/v2/a", "/v2/a/blobs/sha256:12", "/v2/a/tags/list", "/v2/a/blobs/uploads/", "/v2/blobs/x"]
        {
            assert_eq!(parse(none), None, "{none}");
        }
    }

    #[test]
    fn parts_are_within_the_content() {
        assert_eq!(part(None, 10), Some((0, 10)));
        assert_eq!(part(Some("bytes=4-"), 10), Some((4, 6)));
        assert_eq!(part(Some("bytes=4-99"), 10), Some((4, 6)));
        assert_eq!(part(Some("bytes=0-0"), 10), Some((0, 1)));
        assert_eq!(part(Some("bytes=10-"), 10), None);
        assert_eq!(part(Some("bytes=5-4"), 10), None);
        assert_eq!(part(Some("bytes=0-"), 0), None);
        assert_eq!(part(Some("lines=1-2"), 10), Some((0, 10)));
    }
}
