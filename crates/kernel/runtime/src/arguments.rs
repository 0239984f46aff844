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
    /// Whether cgroups are made by systemd.
    pub systemd_cgroup: bool,
    /// Whether a cgroup that may not be made is done without; none asks whether this process is root.
    pub rootless: Option<bool>,
}

/// A flag.
#[derive(Debug, Clone, Copy)]
pub struct Flag {
    name: &'static str,
    /// Its short form, or a zero byte.
    short: u8,
    /// What its value is called in the help, empty where none follows.
    value: &'static str,
    about: &'static str,
}

impl Flag {
    /// A flag without a value; `short` is a zero byte where it has no short form.
    pub const fn switch(name: &'static str, short: u8, about: &'static str) -> Self {
        Self { name, short, value: "", about }
    }

    /// A flag that a value follows.
    pub const fn value(name: &'static str, short: u8, value: &'static str, about: &'static str) -> Self {
        Self { name, short, value, about }
    }

    fn help(&self) -> String {
        let short = if self.short == 0 { "    ".to_owned() } else { format!("-{}, ", char::from(self.short)) };
        format!("  {:<36}  {}\n", format!("{short}--{} {}", self.name, self.value), self.about)
    }
}

/// Flags that were given, and the words between and after them.
#[derive(Debug, Default)]
pub struct Words {
    flags: Vec<(&'static str, String)>,
    /// Everything that is no flag.
    pub rest: Vec<String>,
}

/// Where the flags of a command line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// At the first word that is none: what follows belongs to a program or a verb.
    AtFirstWord,
    /// At `--`, or nowhere.
    Nowhere,
}

/// The flags before the verb.
pub const GLOBAL: &[Flag] = &[
    Flag::value("root", 0, "DIR", "folder of the records (/run/knarr/runtime)"),
    Flag::value("log", 0, "FILE", "where errors are written (standard error)"),
    Flag::value("log-format", 0, "FORMAT", "text (default) or json"),
    Flag::switch("debug", 0, "log what is done, too"),
    Flag::switch("systemd-cgroup", 0, "make cgroups through systemd: cgroupsPath is SLICE:PREFIX:NAME"),
    Flag::value("rootless", 0, "WHEN", "do without cgroups that may not be made: true, false or auto (default)"),
    Flag::value("criu", 0, "PATH", "ignored: there is no checkpoint and restore"),
    Flag::switch("version", b'v', "print the version"),
    HELP,
];

const HELP: Flag = Flag::switch("help", b'h', "print this");

/// Where records are kept when nothing else is said.
const DEFAULT_ROOT: &str = "/run/knarr/runtime";

/// Splits a command line into what stands before the verb, the verb, and the words behind it.
pub fn read(args: &[OsString]) -> Result<(Global, String, Vec<String>)> {
    let texts: Vec<String> = args.iter().map(text).collect::<Result<_>>()?;
    let words = Words::read(&texts, GLOBAL, Ends::AtFirstWord)?;
    let root = words.value("root").unwrap_or(DEFAULT_ROOT).into();
    let log = Log {
        path: words.value("log").map(PathBuf::from),
        json: one_of(&words, "log-format", &[("text", false), ("json", true)])?.unwrap_or(false),
        debug: words.has("debug"),
    };
    let rootless = one_of(&words, "rootless", &[("true", Some(true)), ("false", Some(false)), ("auto", None)])?;
    let global = Global { root, log, systemd_cgroup: words.has("systemd-cgroup"), rootless: rootless.flatten() };
    let (verb, rest) = match words.rest.split_first() {
        _ if words.has("version") => ("version".to_owned(), Vec::new()),
        Some((verb, rest)) if !words.has("help") => (verb.clone(), rest.to_vec()),
        _ => ("help".to_owned(), words.rest.clone()),
    };
    Ok((global, verb, rest))
}

fn one_of<T: Copy>(words: &Words, name: &str, known: &[(&str, T)]) -> Result<Option<T>> {
    let Some(given) = words.value(name) else { return Ok(None) };
    match known.iter().find(|(text, _)| *text == given) {
        Some((_, value)) => Ok(Some(*value)),
        None => Err(Error::Usage(format!("invalid --{name}: {given:?}"))),
    }
}

/// The lines of a help text that tell of flags.
pub fn help(flags: &[Flag]) -> String {
    flags.iter().map(Flag::help).collect()
}

fn text(arg: &OsString) -> Result<String> {
    arg.to_str().map(str::to_owned).ok_or_else(|| Error::Usage(format!("{arg:?} is not UTF-8")))
}

impl Words {
    /// Reads flags and words. `--help` is known to all.
    pub fn read(words: &[String], known: &'static [Flag], ends: Ends) -> Result<Self> {
        let mut read = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let is_word = !word.starts_with('-') || word == "-";
            if is_word || word == "--" {
                read.rest.extend(is_word.then(|| word.clone()));
                if ends == Ends::AtFirstWord || !is_word {
                    read.rest.extend(words.by_ref().cloned());
                }
                continue;
            }
            let (name, glued) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            let flag = find(name, known)?;
            let value = match glued {
                Some(value) => value,
                None if flag.value.is_empty() => "true".to_owned(),
                None => words.next().cloned().ok_or_else(|| needs_value(flag))?,
            };
            read.flags.push((flag.name, value));
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
fn find(word: &str, known: &'static [Flag]) -> Result<&'static Flag> {
    let name = word.trim_start_matches('-');
    let is = |flag: &&Flag| flag.name == name || (flag.short != 0 && name.as_bytes() == [flag.short]);
    let found = known.iter().chain(std::slice::from_ref(&HELP)).find(is);
    found.ok_or_else(|| Error::Usage(format!("flag provided but not defined: {word}")))
}

fn needs_value(flag: &Flag) -> Error {
    Error::Usage(format!("flag needs an argument: --{}", flag.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    const KNOWN: &[Flag] = &[Flag::switch("tty", b't', ""), Flag::value("bundle", b'b', "DIR", "")];

    fn words(text: &str, ends: Ends) -> Result<Words> {
        Words::read(&text.split(' ').map(str::to_owned).collect::<Vec<_>>(), KNOWN, ends)
    }

    #[test]
    fn flags_may_follow_words_until_two_dashes() {
        let read = words("c1 -b /x KILL -- -t", Ends::Nowhere).unwrap();
        assert_eq!(read.value("bundle"), Some("/x"));
        assert_eq!(read.rest, ["c1", "KILL", "-t"]);
        assert!(!read.has("tty"));
        assert!(words("c1 -h", Ends::Nowhere).unwrap().has("help"));
    }

    #[test]
    fn flags_end_at_the_first_word() {
        let (global, verb, rest) = read(&args("--root=/r --log /l --log-format json exec -t c1 ls -l")).unwrap();
        assert_eq!(global.root, PathBuf::from("/r"));
        assert!(global.log.json);
        assert_eq!(verb, "exec");
        let words = Words::read(&rest, KNOWN, Ends::AtFirstWord).unwrap();
        assert!(words.has("tty"));
        assert_eq!(words.rest, ["c1", "ls", "-l"]);
    }

    #[test]
    fn unknown_flags_and_missing_values_are_refused() {
        assert!(read(&args("--nope x")).is_err());
        assert!(read(&args("--log-format yaml x")).is_err());
        assert!(words("--bundle", Ends::Nowhere).is_err());
        assert!(!words("--tty=false", Ends::Nowhere).unwrap().has("tty"));
    }
}
