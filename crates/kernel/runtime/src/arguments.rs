//! The command line, runc's, read by hand: start time is run time.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::log::Log;
use crate::{Error, Result};

/// What stands before the verb.
#[derive(Debug, Clone)]
pub struct Global {
    /// Folder of all records.
    pub root: PathBuf,
    /// Where errors go.
    pub log: Log,
}

/// A flag that a verb knows: its name, its short form or a zero byte, whether a value follows.
pub type Flag = (&'static str, u8, bool);

/// Flags that were given, then the words after them.
#[derive(Debug, Default)]
pub struct Words {
    flags: Vec<(&'static str, String)>,
    /// Everything from the first word that is no flag.
    pub rest: Vec<String>,
}

const GLOBAL: &[Flag] = &[
    ("root", 0, true),
    ("log", 0, true),
    ("log-format", 0, true),
    ("debug", 0, false),
    ("systemd-cgroup", 0, false),
    ("rootless", 0, true),
    ("version", b'v', false),
    ("help", b'h', false),
];

/// Where records are kept when nothing else is said.
const DEFAULT_ROOT: &str = "/run/knarr/runtime";

/// Splits a command line into what stands before the verb, the verb, and the words behind it.
pub fn read(args: &[OsString]) -> Result<(Global, String, Vec<String>)> {
    let texts: Vec<String> = args.iter().map(text).collect::<Result<_>>()?;
    let words = Words::read(&texts, GLOBAL)?;
    if words.has("systemd-cgroup") {
        return Err(Error::Usage("--systemd-cgroup is not supported: cgroups are made directly".to_owned()));
    }
    let root = words.value("root").unwrap_or(DEFAULT_ROOT).into();
    let json = words.value("log-format") == Some("json");
    let global = Global { root, log: Log { path: words.value("log").map(PathBuf::from), json } };
    let (verb, rest) = match words.rest.split_first() {
        Some((verb, rest)) => (verb.clone(), rest.to_vec()),
        None if words.has("version") => ("version".to_owned(), Vec::new()),
        None => ("help".to_owned(), Vec::new()),
    };
    Ok((global, verb, rest))
}

fn text(arg: &OsString) -> Result<String> {
    arg.to_str().map(str::to_owned).ok_or_else(|| Error::Usage(format!("{arg:?} is not UTF-8")))
}

impl Words {
    /// Reads flags up to the first word that is none, or up to `--`.
    pub fn read(words: &[String], known: &'static [Flag]) -> Result<Self> {
        let mut read = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word == "--" || !word.starts_with('-') || word == "-" {
                read.rest.extend((word != "--").then(|| word.clone()));
                read.rest.extend(words.cloned());
                return Ok(read);
            }
            let (name, glued) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            let (name, takes_value) = find(name, known)?;
            let value = match (glued, takes_value) {
                (Some(value), _) => value,
                (None, false) => "true".to_owned(),
                (None, true) => words.next().cloned().ok_or_else(|| Error::Usage(format!("--{name} needs a value")))?,
            };
            read.flags.push((name, value));
        }
        Ok(read)
    }

    /// Whether a flag was given, and not as `--name=false`.
    pub fn has(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| value != "false")
    }

    /// The last value of a flag.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.flags.iter().rev().find(|(given, _)| *given == name).map(|(_, value)| value.as_str())
    }

    /// All values of a flag.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.flags.iter().filter(move |(given, _)| *given == name).map(|(_, value)| value.as_str())
    }

    /// The last value of a flag as a number.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>> {
        let parse = |text: &str| text.parse().map_err(|_| Error::Usage(format!("--{name}: {text:?} is no number")));
        self.value(name).map(parse).transpose()
    }

    /// The one word behind the flags: a container's id.
    pub fn id(&self) -> Result<&str> {
        match self.rest.as_slice() {
            [id] => Ok(id),
            [] => Err(Error::Usage("a container id is required".to_owned())),
            more => Err(Error::Usage(format!("one container id is required, not {}", more.len()))),
        }
    }
}

/// A flag by `--name`, `-name` or `-n`.
fn find(word: &str, known: &'static [Flag]) -> Result<(&'static str, bool)> {
    let name = word.trim_start_matches('-');
    let is = |(long, short, _): &&Flag| *long == name || (*short != 0 && name.as_bytes() == [*short]);
    let (name, _, takes_value) =
        known.iter().find(is).ok_or_else(|| Error::Usage(format!("flag provided but not defined: {word}")))?;
    Ok((name, *takes_value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn flags_end_at_the_first_word() {
        let (global, verb, rest) = read(&args("--root=/r --log /l --log-format json exec -t c1 ls -l")).unwrap();
        assert_eq!(global.root, PathBuf::from("/r"));
        assert!(global.log.json);
        assert_eq!(verb, "exec");
        let words = Words::read(&rest, &[("tty", b't', false)]).unwrap();
        assert!(words.has("tty"));
        assert_eq!(words.rest, ["c1", "ls", "-l"]);
    }

    #[test]
    fn unknown_flags_and_missing_values_are_refused() {
        assert!(read(&args("--nope x")).is_err());
        assert!(Words::read(&["--bundle".to_owned()], &[("bundle", b'b', true)]).is_err());
        assert!(!Words::read(&["--tty=false".to_owned()], &[("tty", 0, false)]).unwrap().has("tty"));
    }
}
