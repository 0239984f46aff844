//! Why a step is carried out instead of being taken from the cache.

use std::collections::BTreeSet;
use std::fmt;

use crate::ports::Trace;

/// How many files or variables are named.
const NAMED: usize = 3;

/// Why a step is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The user asked for it.
    NoCache,
    /// The step before was carried out, and its result is new.
    ParentRebuilt,
    /// This instruction never ran on this parent.
    New,
    /// These files are not what they were; none is named where there were too many to remember.
    Files(Vec<String>),
    /// These variables are not what they were.
    Variables(Vec<String>),
    /// Nothing changed, but the result was removed.
    Gone,
}

impl Cause {
    /// Compares what a step looks like with what it looked like when it last ran; `parent` is why the step before ran, if it did.
    pub(super) fn find(before: Option<&Trace>, now: &Trace, parent: Option<&Self>) -> Self {
        let Some(before) = before else {
            return if matches!(parent, None | Some(Self::New)) { Self::New } else { Self::ParentRebuilt };
        };
        let listed = !before.files.is_empty() && !now.files.is_empty();
        let files = match listed {
            true => changed(before.files.iter(), now.files.iter(), |(name, _)| name.as_str()),
            false => Vec::new(),
        };
        if !files.is_empty() || before.digest != now.digest {
            return Self::Files(files);
        }
        let variables = changed(before.env.iter(), now.env.iter(), |pair| pair.split('=').next().unwrap_or_default());
        if variables.is_empty() { Self::Gone } else { Self::Variables(variables) }
    }
}

/// The names of what is in one list and not in the other.
fn changed<'a, T: Ord + Copy>(
    before: impl Iterator<Item = T>,
    now: impl Iterator<Item = T>,
    name: impl Fn(T) -> &'a str,
) -> Vec<String> {
    let (before, now): (BTreeSet<T>, BTreeSet<T>) = (before.collect(), now.collect());
    let names: BTreeSet<&str> = before.symmetric_difference(&now).map(|entry| name(*entry)).collect();
    names.into_iter().map(str::to_owned).collect()
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |f: &mut fmt::Formatter<'_>, names: &[String]| {
            let shown = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
            match names.len().saturating_sub(NAMED) {
                0 => f.write_str(&shown),
                more => write!(f, "{shown} and {more} more"),
            }
        };
        match self {
            Self::NoCache => f.write_str("--no-cache"),
            Self::ParentRebuilt => f.write_str("the step before changed"),
            Self::New => f.write_str("not built before"),
            Self::Files(names) if names.is_empty() => f.write_str("changed files"),
            Self::Files(names) => {
                f.write_str("changed files: ")?;
                named(f, names)
            }
            Self::Variables(names) => {
                f.write_str("changed variables: ")?;
                named(f, names)
            }
            Self::Gone => f.write_str("the earlier result is gone"),
        }
    }
}

#[cfg(test)]
mod tests {
    use knarr_model::Digest;

    use super::*;

    fn trace(digest: &str, files: &[(&str, &str)]) -> Trace {
        let files = files.iter().map(|(name, digest)| ((*name).to_owned(), (*digest).to_owned())).collect();
        Trace { env: vec!["A=1".into()], digest: Some(Digest::of(digest.as_bytes())), files }
    }

    #[test]
    fn reasons_are_found_and_named() {
        let before = trace("a", &[("x", "1"), ("y", "1"), ("z", "1")]);
        let find = |now: &Trace| Cause::find(Some(&before), now, None).to_string();
        assert_eq!(find(&trace("b", &[("x", "2"), ("y", "1")])), "changed files: x, z");
        assert_eq!(find(&trace("b", &[])), "changed files", "too many to remember");
        assert_eq!(find(&before), "the earlier result is gone");
        assert_eq!(find(&Trace { env: vec!["A=2".into(), "B=1".into()], ..before.clone() }), "changed variables: A, B");
        let many = trace("b", &[("a", ""), ("b", ""), ("c", ""), ("d", ""), ("x", "1"), ("y", "1"), ("z", "1")]);
        assert_eq!(find(&many), "changed files: a, b, c and 1 more");
        assert_eq!(Cause::find(None, &before, Some(&Cause::New)), Cause::New);
        assert_eq!(Cause::find(None, &before, Some(&Cause::Gone)), Cause::ParentRebuilt);
    }
}
