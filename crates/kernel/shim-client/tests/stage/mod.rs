//! A shim with a runtime of a few shell lines: real processes, real pipes, real signals.
#![allow(dead_code)]

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use knarr_shim_client::{
    Error, Event, Exit, Input, Launch, Launched, LogFile, LogForm, Request, connect, read_event, spawn, want,
};
use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// The last argument is the script of the process; `FAIL` in front of a number is a runtime that fails. The process
/// waits until its runtime is gone, because a shell may reap a child that ends before.
const RUNTIME: &str = r#"
exec 9<&0
while [ $# -gt 1 ]; do
  case $1 in --pid-file) pid=$2; shift 2;; --log) log=$2; shift 2;; --log-format) shift 2;; *) shift;; esac
done
case $1 in FAIL*) echo '{"level":"error","msg":"no such thing"}' >> "$log"; exit ${1#FAIL};; esac
mkfifo "$pid.gate"
exec 8<>"$pid.gate" 7<"$pid.gate"
sh -c "read gate <&7; exec 7<&-; $1" <&9 9<&- 8>&- &
echo $! > "$pid"
"#;

/// How long anything may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// What differs between tests.
pub struct Setup<'a> {
    pub input: Input,
    pub tty: bool,
    pub log_size: u64,
    pub log_files: u32,
    pub patience: Duration,
    pub runtime: Option<(&'a Path, Vec<String>)>,
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Self { input: Input::None, tty: false, log_size: 0, log_files: 1, patience: PATIENCE, runtime: None }
    }
}

/// One shim and its folder.
pub struct Stage {
    pub dir: tempfile::TempDir,
    pub shim: Launched,
}

pub fn shim_program() -> &'static [u8] {
    static PROGRAM: OnceLock<Vec<u8>> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shim/Cargo.toml");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shim");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--locked", "--release", "--target", "x86_64-unknown-linux-musl"]);
        cargo.arg("--manifest-path").arg(manifest).arg("--target-dir").arg(&target);
        cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        assert!(cargo.status().unwrap().success(), "the shim does not build");
        fs::read(target.join("x86_64-unknown-linux-musl/release/knarr-shim")).unwrap()
    })
}

impl Stage {
    /// A shim whose process will run `script`, not told to go yet.
    pub fn new(script: &str, setup: Setup<'_>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let runtime_script = dir.path().join("runtime.sh");
        fs::write(&runtime_script, RUNTIME).unwrap();
        fs::create_dir(dir.path().join("run")).unwrap();
        let shim = knarr_shim_client::shim_memfd(shim_program()).unwrap();
        let (program, mut words) =
            setup.runtime.unwrap_or((Path::new("/bin/sh"), vec![runtime_script.display().to_string()]));
        words.extend(["run".to_owned(), script.to_owned()]);
        let runtime: OwnedFd = File::open(program).unwrap().into();
        let mut shim = spawn(&Launch {
            shim: shim.as_fd(),
            runtime: runtime.as_fd(),
            namespace: None,
            dir: &dir.path().join("run"),
            exit_file: &dir.path().join("exit.json"),
            start_id: "first",
            tty: setup.tty,
            input: setup.input,
            log: Some(LogFile {
                path: &dir.path().join("json.log"),
                form: LogForm::JsonFile,
                size: setup.log_size,
                files: setup.log_files,
            }),
            patience: setup.patience,
            runtime_args: &words,
        })
        .unwrap();
        shim.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        shim.wait_ready().unwrap();
        Self { dir, shim }
    }

    /// The same, and lets it go; gives what the first client hears up to `started`.
    pub fn started(script: &str, setup: Setup<'_>) -> (Self, u32) {
        let mut stage = Self::new(script, setup);
        stage.say(Request::Hello(want::EVENTS));
        stage.say(Request::Go);
        match stage.hear() {
            Event::Started(pid) => (stage, pid),
            other => panic!("expected started, not {other:?}: {:?}", fs::read_to_string(stage.path("run/runtime.log"))),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// From the first client.
    pub fn say(&mut self, request: Request<'_>) {
        self.shim.stream.write_all(&request.encode()).unwrap();
    }

    /// To the first client.
    pub fn hear(&mut self) -> Event {
        read_event(&mut self.shim.stream).unwrap().expect("the shim has hung up")
    }

    pub fn hear_exit(&mut self) -> Exit {
        exit_of(&mut self.shim.stream)
    }

    /// A further client that has said hello; in a burst of them the shim is given time.
    pub fn attach(&self, wants: u32) -> UnixStream {
        let end = Instant::now() + PATIENCE;
        let mut stream = loop {
            match connect(&self.path("run")) {
                Err(Error::Busy(_)) if Instant::now() < end => std::thread::sleep(Duration::from_millis(1)),
                other => break other.unwrap(),
            }
        };
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(&Request::Hello(wants).encode()).unwrap();
        stream
    }

    /// Waits for the shim to end by itself, and gives its exit code.
    pub fn shim_code(&self) -> Option<i32> {
        let all = rustix::process::WaitIdOptions::EXITED;
        let status = rustix::process::waitid(rustix::process::WaitId::PidFd(self.shim.process.as_fd()), all);
        status.unwrap().unwrap().exit_status()
    }

    /// The log's objects.
    pub fn log(&self, name: &str) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.path(name)).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line:?}: {e}"))).collect()
    }

    /// The text of one stream in the log.
    pub fn logged(&self, stream: &str) -> String {
        let log = self.log("json.log");
        let lines = log.iter().filter(|record| record["stream"] == stream);
        lines.map(|record| record["log"].as_str().unwrap()).collect()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Ok(pid) = fs::read_to_string(self.path("run/pid")) {
            let pid = pid.trim().parse().ok().and_then(rustix::process::Pid::from_raw);
            if let Some(Ok(process)) = pid.map(|pid| pidfd_open(pid, PidfdFlags::empty())) {
                let _ = pidfd_send_signal(process, Signal::KILL);
            }
        }
        let _ = pidfd_send_signal(&self.shim.process, Signal::KILL);
        let all = rustix::process::WaitIdOptions::EXITED;
        let _ = rustix::process::waitid(rustix::process::WaitId::PidFd(self.shim.process.as_fd()), all);
    }
}

/// Everything up to the end: standard output, standard error, exit.
pub fn collect(stream: &mut UnixStream) -> (Vec<u8>, Vec<u8>, Exit) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    loop {
        match read_event(stream).unwrap().expect("the shim has hung up") {
            Event::Stdout(bytes) => out.extend(bytes),
            Event::Stderr(bytes) => err.extend(bytes),
            Event::Exited(exit) => return (out, err, exit),
            Event::Started(_) => {}
            other => panic!("unexpected {other:?}"),
        }
    }
}

pub fn exit_of(stream: &mut UnixStream) -> Exit {
    collect(stream).2
}

/// Reads output until it holds `text`.
pub fn until(stream: &mut UnixStream, text: &str) -> String {
    let mut all = Vec::new();
    loop {
        match read_event(stream).unwrap().expect("the shim has hung up") {
            Event::Stdout(bytes) => all.extend(bytes),
            Event::Started(_) | Event::Answer(_) => {}
            other => panic!("unexpected {other:?} after {:?}", String::from_utf8_lossy(&all)),
        }
        let found = String::from_utf8_lossy(&all).into_owned();
        if found.contains(text) {
            return found;
        }
    }
}
