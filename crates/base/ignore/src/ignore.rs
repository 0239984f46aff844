//! An ignore file: patterns in their order.

use std::io::ErrorKind;
use std::path::Path;

use crate::{Glob, IgnoreError, clean};

/// An ignore file larger than this many bytes is refused.
const LIMIT: usize = 1 << 20;

/// The patterns of one ignore file. A path is excluded when the last pattern that matches it, or one of the folders it lies in, is
/// not a negated one.
#[derive(Debug, Clone, Default)]
pub struct Ignore {
    patterns: Vec<Pattern>,
}

#[derive(Debug, Clone)]
struct Pattern {
    text: String,
    glob: Glob,
    negated: bool,
}

impl Ignore {
    /// Reads the text of an ignore file: one pattern a line, `#` in the first column starts a comment, a leading `/` means nothing.
    pub fn parse(text: &str) -> Result<Self, IgnoreError> {
        if text.len() > LIMIT {
            return Err(IgnoreError::TooLarge { limit: LIMIT });
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self::of(text.lines().filter(|line| !line.starts_with('#')))
    }

    /// The same for patterns that come one by one, as those of `COPY --exclude` do.
    pub fn of<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, IgnoreError> {
        let patterns = patterns.into_iter().map(str::trim).filter(|line| !line.is_empty());
        Ok(Self { patterns: patterns.map(Pattern::parse).collect::<Result<_, _>>()? })
    }

    /// The ignore file that belongs to a context on disk: `<dockerfile>.dockerignore` where there is one, else `.dockerignore`, else
    /// nothing is ignored. `dockerfile` is relative to the context.
    pub fn load(context: &Path, dockerfile: &str) -> Result<Self, IgnoreError> {
        for name in Self::names(dockerfile) {
            let path = context.join(name);
            match std::fs::read_to_string(&path) {
                Ok(text) => {
                    let failed = |cause| IgnoreError::File { path: path.display().to_string(), cause: Box::new(cause) };
                    return Self::parse(&text).map_err(failed);
                }
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
                Err(cause) => return Err(IgnoreError::Read { path: path.display().to_string(), cause }),
            }
        }
        Ok(Self::default())
    }

    /// The names under which the ignore file of a Dockerfile is looked for, the stronger one first.
    pub fn names(dockerfile: &str) -> [String; 2] {
        [format!("{dockerfile}.dockerignore"), ".dockerignore".to_owned()]
    }

    /// Takes a path in again where the patterns exclude it: the client does so for the Dockerfile and the ignore file, which the builder
    /// must see even where it does not copy them.
    pub fn keep(&mut self, path: &str) -> Result<(), IgnoreError> {
        if self.excludes(path) {
            self.patterns.push(Pattern::parse(&format!("!{path}"))?);
        }
        Ok(())
    }

    /// Whether nothing is ignored.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether this path is left out.
    pub fn excludes(&self, path: &str) -> bool {
        let mut excluded = false;
        for pattern in &self.patterns {
            // An excluding pattern matters only while the path is in, a negated one only while it is out.
            if pattern.negated == excluded && pattern.covers(path) {
                excluded = !pattern.negated;
            }
        }
        excluded
    }

    /// Whether an excluded folder must be looked into all the same, because a negated pattern begins with its path. As in Docker
    /// the comparison is textual: `!**/keep` does not reopen an excluded folder.
    pub fn reopens(&self, folder: &str) -> bool {
        let prefix = format!("{folder}/");
        self.patterns.iter().any(|pattern| pattern.negated && format!("{}/", pattern.text).starts_with(&prefix))
    }
}

impl Pattern {
    fn parse(line: &str) -> Result<Self, IgnoreError> {
        let (negated, text) = match line.strip_prefix('!') {
            Some(text) => (true, text.trim()),
            None => (false, line),
        };
        if text.is_empty() {
            return Err(IgnoreError::EmptyNegation);
        }
        let text = clean(text);
        let text = text.strip_prefix('/').filter(|rest| !rest.is_empty()).unwrap_or(&text).to_owned();
        Ok(Self { glob: Glob::deep(&text)?, text, negated })
    }

    /// Whether the pattern matches the path or a folder above it.
    fn covers(&self, path: &str) -> bool {
        let folders = path.match_indices('/').map(|(end, _)| &path[..end]);
        self.glob.matches(path) || folders.into_iter().any(|folder| self.glob.matches(folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excluded(file: &str, path: &str) -> bool {
        Ignore::parse(file).unwrap().excludes(path)
    }

    #[test]
    fn the_last_pattern_that_decides_wins() {
        let table = [
            ("*.md\n!README.md", "a.md", true),
            ("*.md\n!README.md", "README.md", false),
            ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true),
            ("*.md\nREADME-secret.md\n!README*.md", "README-secret.md", false),
            ("docs", "docs/a/b", true),
            ("docs\n!docs/a", "docs/a/b", false),
            ("docs/\n!docs/a", "docs/x", true),
            ("/foo", "foo", true),
            ("# foo\n\n  bar  ", "bar", true),
            ("# foo", "foo", false),
            ("\u{feff}foo", "foo", true),
            ("**\n!src", "src/main.rs", false),
            ("**\n!src", "other", true),
            ("! foo\nfoo", "foo", true),
            ("foo\r\n! foo\r\n", "foo", false),
            ("*", "a/b", true),
            (".", "a", false),
            ("a/../b", "b", true),
        ];
        for (file, path, expected) in table {
            assert_eq!(excluded(file, path), expected, "{file:?} {path}");
        }
    }

    #[test]
    fn a_negation_reopens_the_folders_on_its_way() {
        let ignore = Ignore::parse("docs\n!docs/a/b").unwrap();
        assert!(ignore.reopens("docs") && ignore.reopens("docs/a") && !ignore.reopens("doc") && !ignore.reopens("src"));
        assert!(!Ignore::parse("docs\n!**/b").unwrap().reopens("docs"));
    }

    #[test]
    fn the_dockerfile_is_kept() {
        let mut ignore = Ignore::parse("*").unwrap();
        ignore.keep("Dockerfile").unwrap();
        assert!(!ignore.excludes("Dockerfile") && ignore.excludes("x"));
    }

    #[test]
    fn bad_files_are_refused() {
        for bad in ["!", "a[", "! "] {
            assert!(Ignore::parse(bad).is_err(), "{bad}");
        }
        assert!(Ignore::parse(&"a\n".repeat(LIMIT)).is_err());
    }

    #[test]
    fn the_file_of_the_dockerfile_is_preferred() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Ignore::load(folder.path(), "Dockerfile").unwrap().is_empty());
        std::fs::write(folder.path().join(".dockerignore"), "a").unwrap();
        std::fs::write(folder.path().join("web.dockerignore"), "b").unwrap();
        assert!(Ignore::load(folder.path(), "Dockerfile").unwrap().excludes("a"));
        let own = Ignore::load(folder.path(), "web").unwrap();
        assert!(own.excludes("b") && !own.excludes("a"));
    }
}
