//! The engines: ours, started here on roots of its own, and the peers, which are running.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// One engine's command line.
pub struct Engine {
    name: String,
    command: Vec<String>,
}

/// Ours first, then docker, then others.
pub struct Engines {
    all: Vec<Engine>,
    own: Own,
}

/// Our daemon, ended with the bench.
struct Own {
    daemon: Child,
    folder: PathBuf,
    binary: PathBuf,
}

const BRIDGE: &str = "knarrbench";
const CGROUP: &str = "knarr-bench";

/// What a variable names: `NAME=COMMAND LINE;…`.
pub fn named(variable: &str) -> Result<Vec<Engine>> {
    let list = std::env::var(variable).unwrap_or_default();
    let one = |entry: &str| {
        let (name, line) = entry.split_once('=').with_context(|| format!("{variable} is NAME=COMMAND LINE;…"))?;
        Ok(Engine::new(name.trim(), &line.split_whitespace().collect::<Vec<_>>()))
    };
    list.split(';').filter(|entry| !entry.trim().is_empty()).map(one).collect()
}

impl Engines {
    /// Starts our daemon from `binary`, takes the peers from `KNARR_BENCH_PEERS` (`NAME=COMMAND LINE;…`, docker first), and gives everyone the
    /// same image.
    pub fn start(binary: &Path, image: &Path) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("knarr-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let own = Own::start(binary, folder)?;
        let mut all = vec![own.engine()];
        all.extend(named("KNARR_BENCH_PEERS")?);
        if all.len() == 1 {
            eprintln!("no peers: set KNARR_BENCH_PEERS, for example 'docker=docker -H unix:///tmp/peers/docker.sock'");
        }
        for engine in &all {
            engine.import(image)?;
        }
        Ok(Self { all, own })
    }

    /// All of them.
    pub fn all(&self) -> &[Engine] {
        &self.all
    }

    /// Their names.
    pub fn names(&self) -> Vec<&str> {
        self.all.iter().map(|engine| engine.name.as_str()).collect()
    }

    /// Ours.
    pub fn own(&self) -> &Engine {
        &self.all[0]
    }

    /// Our daemon's pid.
    pub fn daemon_pid(&self) -> u32 {
        self.own.daemon.id()
    }

    /// The folder of our daemon.
    pub fn folder(&self) -> &Path {
        &self.own.folder
    }
}

impl Own {
    fn start(binary: &Path, folder: PathBuf) -> Result<Self> {
        let log = std::fs::File::create(folder.join("daemon.log"))?;
        let daemon = Command::new(binary)
            .arg("daemon")
            .arg("--data-root")
            .arg(folder.join("data"))
            .arg("--exec-root")
            .arg(folder.join("run"))
            .args(["--bridge", BRIDGE, "--cgroup-parent", &format!("/{CGROUP}")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        let own = Self { daemon, folder, binary: binary.to_owned() };
        let deadline = Instant::now() + Duration::from_secs(10);
        while std::os::unix::net::UnixStream::connect(own.socket()).is_err() {
            if Instant::now() > deadline {
                bail!("the daemon does not answer; see {}", own.folder.join("daemon.log").display());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(own)
    }

    fn socket(&self) -> PathBuf {
        self.folder.join("run/knarr.sock")
    }

    fn engine(&self) -> Engine {
        let host = format!("unix://{}", self.socket().display());
        Engine::new("knarr", &[&self.binary.display().to_string(), "--host", &host])
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
        for args in [["ip", "link", "delete", BRIDGE].as_slice(), &["nft", "delete", "table", "ip", "knarr-knarrbench"]]
        {
            let _ = Command::new(args[0]).args(&args[1..]).stderr(Stdio::null()).status();
        }
        for hierarchy in std::fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten() {
            let _ = std::fs::remove_dir(hierarchy.path().join(CGROUP));
        }
        let _ = std::fs::remove_dir("/sys/fs/cgroup/".to_owned() + CGROUP);
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Engine {
    /// One that is called by `command`.
    pub fn new(name: &str, command: &[&str]) -> Self {
        Self { name: name.to_owned(), command: command.iter().map(|word| (*word).to_owned()).collect() }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).args(args).stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// Runs it, untimed; nothing for no words.
    pub fn quiet(&self, args: &[&str]) -> Result<()> {
        if args.is_empty() { Ok(()) } else { self.time(args).map(drop) }
    }

    /// Runs it; milliseconds.
    pub fn time(&self, args: &[&str]) -> Result<f64> {
        let begin = Instant::now();
        let status = self.command(args).status().with_context(|| format!("cannot run {}", self.name))?;
        let took = begin.elapsed().as_secs_f64() * 1000.0;
        if !status.success() {
            bail!("{} {args:?}: {status}", self.name);
        }
        Ok(took)
    }

    fn import(&self, image: &Path) -> Result<()> {
        let mut import = self.command(&["import", "-", "knarr-bench:1"]);
        let status = import.stdin(std::fs::File::open(image)?).status()?;
        if status.success() { Ok(()) } else { bail!("{}: cannot import {}", self.name, image.display()) }
    }

    /// Sleeping containers `kb-1` … `kb-n`.
    pub fn make_containers(&self, count: usize) -> Result<()> {
        for number in 1..=count {
            let name = format!("kb-{number}");
            self.quiet(&["run", "-d", "--name", &name, "knarr-bench:1", "sleep", "100000"])?;
        }
        Ok(())
    }

    /// Removes the sleeping containers.
    pub fn remove_containers(&self) -> Result<()> {
        let names: Vec<String> = (1..=100).map(|number| format!("kb-{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.quiet(&[&["rm", "-f"], names.as_slice()].concat())
    }
}
