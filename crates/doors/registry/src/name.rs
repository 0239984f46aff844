//! Repository names: the reference grammar's path, so that a name can be part of a path on disk.

use std::fmt;

use knarr_model::Reference;

/// A validated repository name, for example `team/web`. Its components begin and end with a letter or digit, so none is
/// `.`, `..`, or one of the `_` folders that the registry keeps beside them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Name(Reference);

impl Name {
    /// Parses a name; none where the grammar does not have it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let reference: Reference = format!("localhost/{text}").parse().ok()?;
        (reference.path() == text).then_some(Self(reference))
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.path()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether `text` may be a tag (`[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`), and so a file name.
pub(crate) fn is_tag(text: &str) -> bool {
    format!("localhost/a:{text}").parse::<Reference>().is_ok_and(|r| r.tag() == Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_a_path() {
        assert!(Name::parse("team/web").is_some());
        for bad in ["", "..", "a/../b", "/a", "a/", "_manifests", "a/_layers", "A", "a:b", "a@b", "a b", "a%2fb", "a\0"]
        {
            assert!(Name::parse(bad).is_none(), "{bad:?}");
        }
        assert!(is_tag("v1.0") && is_tag("_x"));
        for bad in ["", ".", "..", ".hidden", "a/b", "a:b", "a b", &"a".repeat(129)] {
            assert!(!is_tag(bad), "{bad:?}");
        }
    }
}
