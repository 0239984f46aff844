//! A runtime's program, and which one it is.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Bundle, Oracle};

/// A runtime that cases run on.
#[derive(Debug, Clone)]
pub struct Runtime {
    name: String,
    program: Vec<OsString>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ours,
    Runc,
    Crun,
    Other,
}

/// crun refuses a hybrid host whose v2 tree has controllers, so it runs where that tree is not mounted.
const WITHOUT_UNIFIED: &str = "umount -l /sys/fs/cgroup/unified && exec \"$0\" \"$@\"";

impl Runtime {
    /// The runtimes of a run: `$RUNTIME` alone (a path, also with first words behind it), else the oracles and ours.
    pub fn of_this_run() -> Vec<Self> {
        match std::env::var("RUNTIME") {
            Ok(words) => vec![Self::new(words.split_whitespace().map(OsString::from).collect())],
            Err(_) => vec![Self::new(vec!["runc".into()]), Self::new(vec!["crun".into()]), Self::ours()],
        }
    }

    /// The runtime at a path.
    pub fn at(path: impl Into<OsString>) -> Self {
        Self::new(vec![path.into()])
    }

    /// The one that is being built here.
    pub fn ours() -> Self {
        let own = std::env::current_exe().unwrap_or_default();
        let candidates = own.ancestors().skip(1).take(2).map(|folder| folder.join("knarr-runtime"));
        let found = candidates.into_iter().find(|path| path.is_file());
        let path =
            found.expect("knarr-runtime is not built: run `cargo build -p knarr-runtime`, or use `cargo xtask test`");
        Self::at(path)
    }

    fn new(mut program: Vec<OsString>) -> Self {
        let kind = kind(&program);
        let name = match kind {
            Kind::Ours => "ours".to_owned(),
            _ => Path::new(&program[0]).file_name().unwrap_or_default().to_string_lossy().into_owned(),
        };
        if kind == Kind::Crun && PathBuf::from("/sys/fs/cgroup/unified/cgroup.procs").exists() {
            let shown = ["unshare", "--mount", "--", "sh", "-c", WITHOUT_UNIFIED].map(OsString::from);
            program.splice(0..0, shown);
        }
        Self { name, program, kind }
    }

    /// The path of its program, as a word.
    pub fn path(&self) -> String {
        self.program.last().unwrap().to_str().unwrap().to_owned()
    }

    /// Its name in the list of results.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is the one that is being built here.
    pub fn is_ours(&self) -> bool {
        self.kind == Kind::Ours
    }

    /// Whether a case with this oracle runs on it.
    pub fn runs(&self, oracle: Oracle) -> bool {
        match self.kind {
            Kind::Ours => true,
            Kind::Runc => oracle == Oracle::Runc,
            Kind::Crun => {
                matches!(oracle, Oracle::Crun(_)) || (oracle == Oracle::Runc && std::env::var_os("RUNTIME").is_some())
            }
            Kind::Other => !matches!(oracle, Oracle::Ours(_)),
        }
    }

    /// A command of it, without any words.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program[0]);
        command.args(&self.program[1..]);
        command
    }

    /// A bundle that runs `script` in a shell.
    pub fn shell(&self, script: &str) -> Bundle<'_> {
        Bundle::new(self, &["/bin/sh", "-c", script])
    }

    /// A bundle that runs a program.
    pub fn program(&self, args: &[&str]) -> Bundle<'_> {
        Bundle::new(self, args)
    }

    /// A bundle whose container was started in the background, and sleeps.
    pub fn sleeper(&self) -> Bundle<'_> {
        let bundle = self.program(&["/bin/sleep", "1000"]);
        bundle.start();
        bundle
    }
}

/// Which runtime a program is, by what it says of itself.
fn kind(program: &[OsString]) -> Kind {
    let output = Command::new(&program[0]).args(&program[1..]).arg("--version").output();
    let output = output.unwrap_or_else(|error| panic!("cannot run {:?}: {error}", program[0]));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    match text.split_whitespace().next() {
        Some("knarr-runtime") => Kind::Ours,
        Some("runc") => Kind::Runc,
        Some("crun") => Kind::Crun,
        _ => Kind::Other,
    }
}
