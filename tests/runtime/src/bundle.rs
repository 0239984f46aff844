//! A bundle in a temporary folder, and a runtime's verbs on it. What a case made is removed when it ends, and then
//! nothing of it may be left.

use std::fs::{self, File};
use std::io::{Read, Seek};
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;
use tempfile::TempDir;

use crate::{Document, Outcome, Runtime, leftovers, make_root, process};

/// Lists the shell's own descriptors, without opening one.
pub const DESCRIPTORS: &str = "for n in $(seq 0 99); do test -L /proc/$$/fd/$n && echo $n; done; true";

/// A bundle, the folder of its records, and the runtime that is under test.
#[derive(Debug)]
pub struct Bundle<'r> {
    runtime: &'r Runtime,
    folder: TempDir,
    document: Document,
    id: String,
    /// Given back after the container is deleted.
    _parents: leftovers::Parents,
}

impl Deref for Bundle<'_> {
    type Target = Document;

    fn deref(&self) -> &Document {
        &self.document
    }
}

impl DerefMut for Bundle<'_> {
    fn deref_mut(&mut self) -> &mut Document {
        &mut self.document
    }
}

impl<'r> Bundle<'r> {
    /// A bundle that runs a program.
    pub fn new(runtime: &'r Runtime, args: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let id = format!("kc-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = tempfile::Builder::new().prefix("knarr-case-").tempdir().unwrap();
        make_root(&folder.path().join("rootfs"));
        let document = Document::of(args, &format!("/{}/{id}", leftovers::PARENT));
        Self { runtime, folder, document, id, _parents: leftovers::Parents::share() }
    }

    /// The container's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The runtime under test.
    pub fn runtime(&self) -> &'r Runtime {
        self.runtime
    }

    /// The bundle's folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The bundle's folder as a word.
    pub fn word(&self) -> &str {
        self.path().to_str().unwrap()
    }

    /// A file below the bundle's folder, as a word.
    pub fn file(&self, name: &str) -> String {
        self.path().join(name).to_str().unwrap().to_owned()
    }

    /// The root file system.
    pub fn rootfs(&self) -> PathBuf {
        self.path().join("rootfs")
    }

    /// The folder of the records.
    pub fn records(&self) -> PathBuf {
        self.path().join("records")
    }

    /// Makes a folder below the bundle's; gives it as a word.
    pub fn folder(&self, name: &str) -> String {
        fs::create_dir_all(self.path().join(name)).unwrap();
        self.file(name)
    }

    /// Writes a file below the bundle's folder; gives it as a word.
    pub fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.path().join(name), text).unwrap();
        self.file(name)
    }

    /// Reads a file below the bundle's folder, nothing where there is none.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap_or_default()
    }

    /// A command of the runtime; words before the verb are there already, and `config.json` is written.
    pub fn command(&self, words: &[&str]) -> Command {
        self.write("config.json", &self.document.to_string());
        self.command_as_it_is(words)
    }

    /// A command of the runtime on whatever lies in the bundle.
    pub fn command_as_it_is(&self, words: &[&str]) -> Command {
        let mut command = self.runtime.command();
        command
            .arg("--root")
            .arg(self.records())
            .arg("--log")
            .arg(self.file("log.json"))
            .args(["--log-format", "json"]);
        command.args(words).stdin(Stdio::null());
        command
    }

    /// Runs a verb to its end.
    pub fn verb(&self, words: &[&str]) -> Outcome {
        self.finish(self.command(words))
    }

    /// Runs a command to its end. Output goes to files: what stays in the background holds no pipe of ours.
    pub fn finish(&self, mut command: Command) -> Outcome {
        let logged = self.read("log.json").len();
        let files = [tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap()];
        let [stdout, stderr] = &files;
        command.stdout(stdout.try_clone().unwrap()).stderr(stderr.try_clone().unwrap());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        if !process::ends_within(&process::open(child.id() as i32), process::LIMIT) {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{command:?} hangs");
        }
        let status = child.wait().unwrap();
        let [stdout, stderr] = files.map(content);
        let text = self.read("log.json");
        let log = text[logged..].lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        Outcome { status, stdout, stderr, log }
    }

    /// Runs a verb that must succeed; gives its output.
    pub fn ok(&self, words: &[&str]) -> String {
        self.verb(words).ok()
    }

    /// Runs a verb that must fail; gives what it said.
    pub fn refused(&self, words: &[&str]) -> String {
        self.verb(words).refused()
    }

    /// Runs the container in the foreground.
    pub fn run(&self) -> Outcome {
        self.verb(&["run", "--bundle", self.word(), &self.id])
    }

    /// Runs the container in the foreground; it must succeed. Gives its output.
    pub fn output(&self) -> String {
        self.run().ok()
    }

    /// Runs the container, which cannot start; nothing may be left. Gives what was said.
    pub fn cannot_run(&self) -> String {
        let said = self.run().refused();
        self.assert_nothing_left();
        said
    }

    /// Runs the container in the foreground on a host of its own: `script` mounts, in a mount namespace that nobody else
    /// is in, and calls the runtime as `"$@"`; `$0` is the bundle's folder.
    pub fn run_on_host(&self, script: &str) -> Outcome {
        let inner = self.command(&["run", "--bundle", self.word(), &self.id]);
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--", "sh", "-ec", script, self.word()])
            .arg(inner.get_program())
            .args(inner.get_args());
        self.finish(command)
    }

    /// Starts the container in the background.
    pub fn start(&self) {
        self.ok(&["run", "--detach", "--bundle", self.word(), &self.id]);
    }

    /// Creates the container.
    pub fn create(&self) {
        self.ok(&["create", "--bundle", self.word(), &self.id]);
    }

    /// Runs a verb whose only word is the id.
    pub fn with_id(&self, verb: &str) -> Outcome {
        self.verb(&[verb, &self.id])
    }

    /// Runs a program inside.
    pub fn exec(&self, words: &[&str]) -> Outcome {
        let words: Vec<&str> = ["exec", &self.id].iter().chain(words).copied().collect();
        self.verb(&words)
    }

    /// Runs a shell script inside; it must succeed. Gives its output.
    pub fn exec_shell(&self, script: &str) -> String {
        self.exec(&["/bin/sh", "-c", script]).ok()
    }

    /// The state.
    pub fn state(&self) -> Value {
        serde_json::from_str(&self.ok(&["state", &self.id])).unwrap()
    }

    /// Where the container is in its life.
    pub fn status(&self) -> String {
        self.state()["status"].as_str().unwrap().to_owned()
    }

    /// The first process as the host sees it.
    pub fn pid(&self) -> i32 {
        self.state()["pid"].as_i64().unwrap() as i32
    }

    /// Kills the first process and waits until it has ended.
    pub fn end(&self) {
        let process = process::open(self.pid());
        self.ok(&["kill", &self.id, "KILL"]);
        process::ended(&process);
        process::until("stopped", || self.status() == "stopped");
    }

    /// Waits until the container has written a file of its root.
    pub fn until_there(&self, name: &str) {
        process::until(name, || self.rootfs().join(name).exists());
    }

    /// Starts the container in the foreground without waiting for it, its streams piped.
    pub fn spawn(&self) -> Child {
        let mut command = self.command(&["run", "--bundle", self.word(), &self.id]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Gives the root file system to a mapped root, who may pass through the folders above it.
    pub fn belongs_to(&self, id: u32) {
        use std::os::unix::fs::{PermissionsExt, chown};
        fs::set_permissions(self.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for folder in ["", "bin", "dev", "etc", "proc", "sys", "tmp"] {
            chown(self.rootfs().join(folder), Some(id), Some(id)).unwrap();
        }
    }

    /// Fails when something of the container is left on the host.
    pub fn assert_nothing_left(&self) {
        leftovers::assert_none(&self.id, self.path());
    }
}

fn content(mut file: File) -> String {
    let mut bytes = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut bytes)).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Drop for Bundle<'_> {
    fn drop(&mut self) {
        let deleted = self.finish(self.command_as_it_is(&["delete", "--force", &self.id]));
        if !std::thread::panicking() {
            assert!(deleted.status.success(), "{}", deleted.said());
            self.assert_nothing_left();
        }
    }
}
