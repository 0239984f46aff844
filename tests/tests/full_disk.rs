//! A full disk: what needs room is refused with words that say so, nothing half-made stays, the daemon goes on, what can be
//! removed gives its room back, and then the same work succeeds.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Disk, Host, Registry, processes_with, wait_for};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// Bytes that do not compress, in an archive and in a container.
const NOISE: u64 = 8 << 20;

/// A host whose data is on a disk of 64 MiB, what it was given, and where its big image can be had from.
struct Place {
    registry: Registry,
    host: Host,
    disk: Disk,
    files: String,
    saved: String,
    remote: String,
}

impl Place {
    fn new() -> Self {
        let (disk, registry) = (Disk::new(64).unwrap(), Registry::start().unwrap());
        let host = Host::start_on(&disk.path().join("knarr")).unwrap();
        let knarr = host.knarr();
        import_busybox(&knarr, "base").unwrap();
        let (files, saved) = (host.path().join("files.tar"), host.path().join("saved.tar"));
        noise(&host, &files);
        let (files, saved) = (text(&files), text(&saved));
        let remote = registry.image("noise:1");
        knarr.ok(&["import", &files, &remote]).unwrap();
        knarr.ok(&["push", &remote]).unwrap();
        knarr.ok(&["save", "-o", &saved, &remote]).unwrap();
        knarr.ok(&["rmi", &remote]).unwrap();
        let write = format!("head -c {NOISE} /dev/urandom > /noise");
        knarr.ok(&["run", "--name", "changed", "base", "sh", "-c", &write]).unwrap();
        knarr.ok(&["run", "-d", "--name", "runs", "base", "sleep", "1000"]).unwrap();
        Self { registry, host, disk, files, saved, remote }
    }

    /// Every way to put an image of 8 MiB on the disk.
    fn work(&self) -> [Vec<&str>; 4] {
        [
            vec!["pull", &self.remote],
            vec!["load", "-i", &self.saved],
            vec!["import", &self.files, "imported"],
            vec!["commit", "changed", "committed"],
        ]
    }

    /// Files and folders of images, whole or not.
    fn content(&self) -> usize {
        ["blobs", "ingest", "layers", "tmp"].map(|folder| count(&self.host.data_root().join(folder))).iter().sum()
    }

    fn finish(self) {
        self.host.finish().unwrap();
        drop((self.disk, self.registry));
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Files and folders below a folder. A folder's fan-out, which stays, is not counted.
fn count(folder: &Path) -> usize {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let entries = entries.map(|entry| entry.unwrap());
    entries
        .map(|entry| match entry.file_type().unwrap().is_dir() {
            true => count(&entry.path()) + usize::from(entry.file_name().len() > 6),
            false => 1,
        })
        .sum()
}

fn noise(host: &Host, archive: &Path) {
    let folder = host.path().join("noise");
    fs::create_dir(&folder).unwrap();
    let mut bytes = vec![0; usize::try_from(NOISE).unwrap()];
    std::io::Read::read_exact(&mut fs::File::open("/dev/urandom").unwrap(), &mut bytes).unwrap();
    fs::write(folder.join("noise"), bytes).unwrap();
    let tar = Command::new("tar").arg("-cf").arg(archive).arg("-C").arg(&folder).arg(".").status();
    assert!(tar.unwrap().success());
}

#[track_caller]
fn refused(client: &Client, args: &[&str]) {
    let said = client.fails(args).unwrap().stderr;
    assert!(said.to_lowercase().contains("no space left"), "{args:?}: {said}");
}

#[test]
fn what_does_not_fit_is_refused_and_leaves_nothing() {
    let place = Place::new();
    let knarr = place.host.knarr();
    // Enough to begin everything, and to finish nothing.
    place.disk.fill_but(5 << 10).unwrap();
    let before = place.content();
    for work in place.work() {
        refused(&knarr, &work);
        assert_eq!(place.content(), before, "something stays of {work:?}");
    }
    let said = knarr.fails(&["pull", &place.remote]).unwrap().stderr;
    assert!(said.contains("sha256:") && said.contains(&place.remote), "neither layer nor image is named: {said}");
    let said =
        knarr.fails(&["run", "--rm", "base", "dd", "if=/dev/zero", "of=/zeros", "bs=1M", "count=8"]).unwrap().stderr;
    assert!(said.contains("No space left on device"), "{said}");
    assert_eq!(knarr.ok(&["images", "--format", "{{.Repository}}"]).unwrap(), "base");

    place.disk.free().unwrap();
    for work in place.work() {
        knarr.ok(&work).unwrap();
    }
    let made = ["imported", "committed", place.remote.as_str()];
    for image in made {
        knarr.ok(&["image", "inspect", image]).unwrap();
    }
    place.finish();
}

#[test]
fn without_a_free_block_the_daemon_goes_on_and_room_can_be_made() {
    let place = Place::new();
    let knarr = place.host.knarr();
    knarr.ok(&["tag", "base", "second"]).unwrap();
    knarr.ok(&["pull", &place.remote]).unwrap();
    place.disk.fill_but(0).unwrap();
    for work in place.work().iter().filter(|work| work[0] != "pull") {
        refused(&knarr, work);
    }
    // What was refused left the last blocks alone.
    place.disk.fill_but(0).unwrap();
    refused(&knarr, &["create", "base", "true"]);
    assert!(knarr.ok(&["ps", "--format", "{{.Names}}"]).unwrap() == "runs");
    assert_eq!(knarr.ok(&["exec", "runs", "echo", "alive"]).unwrap(), "alive");
    knarr.ok(&["stop", "-t", "0", "runs"]).unwrap();
    knarr.ok(&["rmi", "second"]).unwrap();
    knarr.ok(&["rm", "changed"]).unwrap();
    knarr.ok(&["rmi", &place.remote]).unwrap();
    knarr.ok(&["image", "prune", "-f"]).unwrap();
    assert_eq!(knarr.ok(&["images", "--format", "{{.Repository}}"]).unwrap(), "base");
    // The room of container and image is enough for what was refused.
    knarr.ok(&["import", &place.files, "imported"]).unwrap();
    knarr.ok(&["start", "runs"]).unwrap();
    place.finish();
}

/// Its room was taken when the container was started.
#[test]
fn an_exit_that_no_daemon_sees_is_recorded_on_a_full_disk() {
    let mut place = Place::new();
    let knarr = place.host.knarr();
    knarr
        .ok(&["run", "-d", "--name", "ends", "base", "sh", "-c", "trap 'exit 23' TERM; while :; do sleep 0.1; done"])
        .unwrap();
    let pid = knarr.ok(&["inspect", "-f", "{{.State.Pid}}", "ends"]).unwrap();
    let process = pidfd_open(Pid::from_raw(pid.parse().unwrap()).unwrap(), PidfdFlags::empty()).unwrap();
    place.disk.fill_but(0).unwrap();
    place.host.kill_daemon().unwrap();
    let shims = || processes_with(&["knarr-shim", &text(place.host.path())]).len();
    assert_eq!(shims(), 2);
    pidfd_send_signal(&process, Signal::TERM).unwrap();
    // With nobody to tell it to, the shim ends by itself.
    wait_for("the shim ends", Duration::from_secs(20), || shims() == 1).unwrap();
    place.host.resume().unwrap();
    assert_eq!(knarr.ok(&["inspect", "-f", "{{.State.ExitCode}}", "ends"]).unwrap(), "23");
    place.finish();
}

/// A disk that is full of names, and a daemon that is killed on it.
#[test]
fn a_full_disk_does_not_keep_a_daemon_from_starting() {
    let mut place = Place::new();
    place.disk.fill_but(0).unwrap();
    place.host.kill_daemon().unwrap();
    place.host.resume().unwrap();
    let knarr = place.host.knarr();
    assert_eq!(knarr.ok(&["ps", "--format", "{{.Names}}"]).unwrap(), "runs");
    knarr.ok(&["rm", "-f", "runs", "changed"]).unwrap();
    knarr.ok(&["rmi", "base"]).unwrap();
    assert_eq!(place.content(), 0);
    place.finish();
}
