//! The text form of a table.
//!
//! ```text
//! === name [buildkit] [flag …]
//! FROM …
//! --- file .dockerignore        more files of the context, as many as wanted
//! *.log
//! --- expected                  what Docker makes of it, recorded
//! Cmd ["sh"]
//! --- differs: the reason       what knarr makes of it where that is another thing on purpose
//! Cmd ["bash"]
//! ```
//!
//! A build that must fail expects the one word `fails`, and has `--- error` with a text that knarr's message contains.

use std::fmt::Write as _;

use anyhow::{Result, bail};

use super::BASE;

/// A file of cases.
pub struct Table(pub Vec<Case>);

/// One Dockerfile.
#[derive(Default)]
pub struct Case {
    /// Its name, unique in all tables.
    pub name: String,
    /// BuildKit was asked, not the classic builder.
    pub buildkit: bool,
    /// Flags of `build`.
    pub flags: Vec<String>,
    /// The Dockerfile.
    pub text: String,
    /// Other files of the context.
    pub files: Vec<(String, String)>,
    /// What Docker makes of it.
    pub expected: Outcome,
    /// Why knarr makes another thing of it, and which.
    pub differs: Option<(String, Outcome)>,
    /// What knarr's message contains where the build fails.
    pub error: String,
}

/// What becomes of a case.
pub type Outcome = String;

/// The outcome of a build that must fail.
pub const FAILS: &str = "fails\n";

impl Table {
    /// Reads a table.
    pub fn parse(text: &str) -> Result<Self> {
        let mut cases: Vec<Case> = Vec::new();
        let mut section = String::new();
        for line in text.lines() {
            if let Some(head) = line.strip_prefix("=== ") {
                cases.push(Case::head(head));
                section.clear();
                continue;
            }
            let Some(case) = cases.last_mut() else { continue };
            if let Some(name) = line.strip_prefix("--- ") {
                name.clone_into(&mut section);
                case.open(name)?;
                continue;
            }
            let text = case.section(&section)?;
            text.push_str(line);
            text.push('\n');
        }
        Ok(Self(cases))
    }

    /// The table as text again.
    pub fn print(&self) -> String {
        let mut text = String::new();
        for case in &self.0 {
            let kit = if case.buildkit { " buildkit" } else { "" };
            let flags: String = case.flags.iter().map(|flag| format!(" {flag}")).collect();
            let _ = write!(text, "=== {}{kit}{flags}\n{}", case.name, case.text);
            for (name, content) in &case.files {
                let _ = write!(text, "--- file {name}\n{content}");
            }
            let _ = write!(text, "--- expected\n{}", case.expected);
            if let Some((reason, outcome)) = &case.differs {
                let _ = write!(text, "--- differs: {reason}\n{outcome}");
            }
            if !case.error.is_empty() {
                let _ = write!(text, "--- error\n{}", case.error);
            }
        }
        text
    }
}

impl Case {
    fn head(head: &str) -> Self {
        let mut words = head.split_whitespace().map(str::to_owned);
        let name = words.next().unwrap_or_default();
        let mut flags: Vec<String> = words.collect();
        let buildkit = flags.first().is_some_and(|word| word == "buildkit");
        if buildkit {
            flags.remove(0);
        }
        Self { name, buildkit, flags, ..Self::default() }
    }

    fn open(&mut self, section: &str) -> Result<()> {
        if let Some(name) = section.strip_prefix("file ") {
            self.files.push((name.to_owned(), String::new()));
        } else if let Some(reason) = section.strip_prefix("differs: ") {
            self.differs = Some((reason.to_owned(), Outcome::new()));
        } else if !matches!(section, "expected" | "error") {
            bail!("{}: unknown section {section:?}", self.name);
        }
        Ok(())
    }

    fn section(&mut self, section: &str) -> Result<&mut String> {
        let file = section.strip_prefix("file ").and_then(|_| self.files.last_mut());
        match (section, file, &mut self.differs) {
            ("", ..) => Ok(&mut self.text),
            (_, Some((_, text)), _) => Ok(text),
            ("expected", ..) => Ok(&mut self.expected),
            ("error", ..) => Ok(&mut self.error),
            (_, _, Some((_, outcome))) => Ok(outcome),
            _ => bail!("{}: unknown section {section:?}", self.name),
        }
    }

    /// The name of its image, by which later cases start from it.
    pub fn image(&self) -> String {
        format!("build-case:{}", self.name)
    }

    /// The image it starts from: another case's, or the base of all.
    pub fn from(&self) -> &str {
        let last = self.text.lines().rev().find_map(|line| line.strip_prefix("FROM ")).unwrap_or_default();
        if last.starts_with("build-case:") { last } else { BASE }
    }

    /// The Dockerfile's bytes. What a table cannot hold is written as `{server}`, `{bom}`, `{cr}` and `{tab}`.
    pub fn dockerfile(&self, server: &str) -> String {
        let text = self.text.replace("{server}", server).replace("{tab}", "\t");
        text.replace("{bom}", "\u{feff}").replace("{cr}", "\r")
    }

    /// What knarr makes of it.
    pub fn ours(&self) -> &str {
        self.differs.as_ref().map_or(&self.expected, |(_, outcome)| outcome)
    }
}
