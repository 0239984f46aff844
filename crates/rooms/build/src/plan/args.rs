//! Build arguments: what the user gave, what is declared before the first `FROM`, what is there without being declared.

use std::collections::{BTreeMap, BTreeSet};

use knarr_model::Platform;

use crate::error::{Place, Result};
use crate::expand::Expander;
use crate::syntax::Arg;

/// Arguments that need no declaration to reach `RUN`, and leave no trace in history and cache unless they are declared.
const PROXIES: [&str; 10] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// The arguments of one build.
#[derive(Debug, Clone, Default)]
pub struct BuildArgs {
    given: BTreeMap<String, String>,
    platform: BTreeMap<String, String>,
    globals: BTreeMap<String, Option<String>>,
    /// The names that some `ARG` declared.
    declared: BTreeSet<String>,
}

impl BuildArgs {
    /// The user's arguments, and those that describe the platforms.
    pub fn new(given: BTreeMap<String, String>, target: &Platform) -> Self {
        let mut platform = BTreeMap::new();
        for (prefix, value) in [("BUILD", &Platform::host()), ("TARGET", target)] {
            platform.insert(format!("{prefix}PLATFORM"), value.to_string());
            platform.insert(format!("{prefix}OS"), value.os.clone());
            platform.insert(format!("{prefix}ARCH"), value.architecture.clone());
            platform.insert(format!("{prefix}VARIANT"), value.variant.clone().unwrap_or_default());
        }
        Self { given, platform, ..Self::default() }
    }

    /// `ARG` before the first `FROM`.
    pub(super) fn declare_global(&mut self, arg: &Arg, escape: char, place: &Place) -> Result<()> {
        let value = match (self.given.get(&arg.name), &arg.default) {
            (Some(given), _) => Some(given.clone()),
            (None, Some(default)) => {
                let lookup = |name: &str| self.global(name);
                Some(Expander { escape, lookup: &lookup }.word(default).map_err(|error| place.problem(error))?)
            }
            (None, None) => self.platform.get(&arg.name).cloned(),
        };
        self.declared.insert(arg.name.clone());
        self.globals.insert(arg.name.clone(), value);
        Ok(())
    }

    /// What a name means in a `FROM`.
    pub fn global(&self, name: &str) -> Option<String> {
        match self.globals.get(name) {
            Some(value) => value.clone(),
            None => {
                self.given.get(name).filter(|_| self.platform.contains_key(name)).or(self.platform.get(name)).cloned()
            }
        }
    }

    /// `ARG` in a stage: the user's value, else the default (already expanded), else what is known globally.
    pub fn declare(&mut self, name: &str, default: Option<String>) -> Option<String> {
        self.declared.insert(name.to_owned());
        self.given.get(name).cloned().or(default).or_else(|| self.global(name))
    }

    /// The proxies that the user gave, as `NAME=value`.
    pub fn proxies(&self) -> Vec<String> {
        let given = self.given.iter().filter(|(name, _)| PROXIES.contains(&name.as_str()));
        given.map(|(name, value)| format!("{name}={value}")).collect()
    }

    /// The user's arguments that nothing declared: probably a slip of the pen.
    pub fn unused(&self) -> Vec<&str> {
        let known =
            |name: &str| self.declared.contains(name) || PROXIES.contains(&name) || self.platform.contains_key(name);
        self.given.keys().map(String::as_str).filter(|name| !known(name)).collect()
    }
}
