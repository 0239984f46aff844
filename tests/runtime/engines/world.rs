//! A mount namespace in which an engine lives: its `/run` and `/dev/shm` are its own, its mounts nobody sees. When it is
//! dropped nothing of it may be left: no process in it, no cgroup of its containers.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use knarr_runtime_cases::{hierarchies, make_root, until};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tempfile::TempDir;

/// A hierarchy of version 2 beside those of version 1 is left out where it has controllers: podman would take it for
/// the only one.
const SETUP: &str = r#"
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mkdir /run/lock
if [ "$(stat -f -c %T /sys/fs/cgroup)" = tmpfs ]; then
  mkdir /run/cgroups
  mount --rbind /sys/fs/cgroup /run/cgroups
  umount -l /sys/fs/cgroup
  mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
  for d in /run/cgroups/*; do
    [ -d "$d" ] && [ ! -L "$d" ] || continue
    [ -z "$(cat "$d/cgroup.controllers" 2>/dev/null)" ] || continue
    mkdir "/sys/fs/cgroup/${d##*/}"
    mount --bind "$d" "/sys/fs/cgroup/${d##*/}"
  done
  umount -l /run/cgroups
  rmdir /run/cgroups
fi
echo ready
exec sleep infinity
"#;

/// A place for one engine.
pub struct World {
    folder: TempDir,
    holder: Child,
    parent: String,
}

/// What a program did.
pub struct Done {
    /// Its exit code.
    pub code: Option<i32>,
    /// What it printed.
    pub output: String,
    /// What it complained of.
    pub errors: String,
}

impl World {
    /// Makes one, with a root file system for containers in it.
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let folder = tempfile::Builder::new().prefix("knarr-engine-").tempdir().unwrap();
        make_root(&folder.path().join("rootfs"));
        let mut holder = Command::new("unshare")
            .args(["--mount", "--", "sh", "-c", SETUP])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n", "the world could not be made");
        let parent = format!("knarr-engine-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Self { folder, holder, parent }
    }

    /// A path below its folder, as a word.
    pub fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file below its folder; gives the path.
    pub fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.folder.path().join(name), text).unwrap();
        self.file(name)
    }

    /// Gives the folders of the root file system in which an engine makes files to a mapped root.
    pub fn root_belongs_to(&self, id: u32) {
        for name in ["", "etc", "tmp"] {
            std::os::unix::fs::chown(self.folder.path().join("rootfs").join(name), Some(id), Some(id)).unwrap();
        }
    }

    /// The cgroup that all its containers are below.
    pub fn cgroup_parent(&self) -> String {
        format!("/{}", self.parent)
    }

    /// A command inside.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.arg("--target").arg(self.holder.id().to_string()).args(["--mount", "--wd=/", "--"]).args(words);
        command.stdin(Stdio::null());
        command
    }

    /// Runs a command inside to its end. What it leaves running must hold no pipe of ours, so it prints to files.
    pub fn run(&self, words: &[&str]) -> Done {
        let files = [tempfile::NamedTempFile::new().unwrap(), tempfile::NamedTempFile::new().unwrap()];
        let mut command = self.command(words);
        command.stdout(files[0].reopen().unwrap()).stderr(files[1].reopen().unwrap());
        let code = command.status().unwrap().code();
        let [output, errors] = files.map(|file| String::from_utf8_lossy(&fs::read(file.path()).unwrap()).into_owned());
        Done { code, output, errors }
    }

    /// Starts an engine inside, its log in a file, and waits until `question` is answered.
    pub fn serve(&self, words: &[&str], question: impl Fn() -> bool) -> Engine {
        let log = fs::File::create(self.file("engine.log")).unwrap();
        let mut command = self.command(words);
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let engine = Engine(command.spawn().unwrap());
        until("the engine answers", question);
        engine
    }

    /// Processes inside, but the one that holds it.
    fn processes(&self) -> Vec<i32> {
        let namespace = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/mnt")).ok();
        let own = namespace(&self.holder.id().to_string());
        let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
        let inside = pids.filter(|pid| pid.parse::<i32>().is_ok() && own.is_some() && namespace(pid) == own);
        let others = inside.filter_map(|pid| pid.parse().ok()).filter(|pid| *pid as u32 != self.holder.id());
        others.collect()
    }
}

impl Done {
    /// The output of what must have succeeded.
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.output, self.errors);
        self.output
    }
}

/// An engine's daemon, ended by its own pid.
pub struct Engine(Child);

impl Drop for Engine {
    fn drop(&mut self) {
        signal(self.0.id() as i32, Signal::TERM);
        self.0.wait().unwrap();
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let failed = std::thread::panicking();
        let ended = patiently(|| {
            if failed {
                self.processes().into_iter().for_each(|pid| signal(pid, Signal::KILL));
            }
            self.processes().is_empty()
        });
        self.holder.kill().unwrap();
        self.holder.wait().unwrap();
        let parents: Vec<_> = hierarchies().into_iter().map(|mount| mount.join(&self.parent)).collect();
        let gone = patiently(|| parents.iter().filter(|folder| !removed(folder)).count() == 0);
        if !failed {
            assert!(ended, "processes of the world have not ended");
            assert!(gone, "cgroups are in use: {parents:?}");
        }
    }
}

/// Asks again for a while; gives the last answer. What is being torn down takes its time, and must not panic twice.
fn patiently(question: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !question() {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

fn signal(pid: i32, signal: Signal) {
    let process = Pid::from_raw(pid).map(|pid| pidfd_open(pid, PidfdFlags::empty()));
    if let Some(Ok(process)) = process {
        let _already_ended = pidfd_send_signal(process, signal);
    }
}

/// Removes the folders that an engine leaves of its own, deepest first.
fn removed(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return true };
    let inner = entries.filter_map(Result::ok).filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let left = inner.filter(|entry| !removed(&entry.path())).count();
    left == 0 && fs::remove_dir(folder).is_ok()
}
