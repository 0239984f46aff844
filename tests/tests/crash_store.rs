//! kill -9 of the daemon, and power cuts, at every step of what changes the store: pull, load, import, commit, build, tag, delete. The steps are the
//! `failpoint!`s of the source that begin with `store.`; each must be reached by something. Afterwards the daemon starts, what was acknowledged is
//! there, every image that is listed is whole, nothing half-made lies about, the same work succeeds, and what it made can be removed to the last file.
//!
//! A power cut is the data's own ext4 shut down without its journal being written: what was not synced is gone.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Disk, Host, Registry, failpoints};

/// What every image of the test has in `/proof`.
const PROOF: &str = "whole";

/// One way to change the store.
struct Work {
    /// The command line.
    args: Vec<String>,
    /// The image that it makes, or removes.
    image: String,
    removes: bool,
}

impl Work {
    fn new(args: &[&str], image: &str) -> Self {
        let args = args.iter().map(|word| (*word).to_owned()).collect();
        Self { args, image: image.to_owned(), removes: false }
    }

    fn run(&self, knarr: &Client) -> bool {
        let args: Vec<&str> = self.args.iter().map(String::as_str).collect();
        knarr.run(&args).is_ok_and(|output| output.code == 0)
    }

    /// Where it resumes what it has begun, it may leave a part of it.
    fn resumes(&self) -> bool {
        self.args[0] == "pull"
    }
}

struct Place {
    host: Host,
    disk: Option<Disk>,
    registry: Registry,
    works: Vec<Work>,
    /// An archive of the image that is removed.
    doomed: String,
    /// What lies in the store when there is nothing but what the test needs.
    before: BTreeSet<String>,
}

impl Place {
    fn new(disk: Option<Disk>) -> Self {
        let registry = Registry::start().unwrap();
        let host = match &disk {
            Some(disk) => Host::start_on(&disk.path().join("knarr")).unwrap(),
            None => Host::start().unwrap(),
        };
        let knarr = host.knarr();
        import_busybox(&knarr, "busybox").unwrap();
        let remote = registry.image("remote:1");
        let file = |name: &str| host.path().join(name).to_string_lossy().into_owned();
        let (context, loaded, doomed, files) = (file("context"), file("loaded"), file("doomed"), file("files"));
        fs::create_dir(&context).unwrap();
        fs::write(Path::new(&context).join("Dockerfile"), format!("FROM busybox\nRUN echo {PROOF} > /proof\n"))
            .unwrap();
        let build = ["build", "-q", "--no-cache", "-t", "built:1", &context];
        knarr.ok(&build).unwrap();
        for (name, archive) in [("loaded:1", &loaded), ("doomed:1", &doomed)] {
            knarr.ok(&["tag", "built:1", name]).unwrap();
            knarr.ok(&["save", "-o", archive, name]).unwrap();
        }
        knarr.ok(&["run", "--name", "changed", "busybox", "sh", "-c", &format!("echo {PROOF} > /proof")]).unwrap();
        knarr.ok(&["tag", "built:1", &remote]).unwrap();
        knarr.ok(&["push", &remote]).unwrap();
        knarr.ok(&["create", "--name", "packed", "built:1"]).unwrap();
        knarr.ok(&["export", "-o", &files, "packed"]).unwrap();
        knarr.ok(&["rm", "packed"]).unwrap();
        knarr.ok(&["rmi", "built:1", "loaded:1", "doomed:1", &remote]).unwrap();
        knarr.ok(&["image", "prune", "-f"]).unwrap();
        let mut works = vec![
            Work::new(&["pull", &remote], &remote),
            Work::new(&["load", "-i", &loaded], "loaded:1"),
            Work::new(&["import", &files, "imported:1"], "imported:1"),
            Work::new(&["commit", "changed", "committed:1"], "committed:1"),
            Work::new(&build, "built:1"),
            Work::new(&["tag", "committed:0", "tagged:1"], "tagged:1"),
            Work::new(&["rmi", "doomed:1"], "doomed:1"),
        ];
        works[6].removes = true;
        knarr.ok(&["commit", "changed", "committed:0"]).unwrap();
        let mut place = Self { host, disk, registry, works, doomed, before: BTreeSet::new() };
        place.before = place.stored();
        place
    }

    /// All blobs and layers, by their paths.
    fn stored(&self) -> BTreeSet<String> {
        let root = self.host.data_root();
        let list =
            |folder: std::path::PathBuf| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let blobs = list(root.join("blobs/sha256")).flat_map(list);
        let all = blobs.chain(list(root.join("layers")));
        all.map(|path| path.to_string_lossy().into_owned()).collect()
    }

    /// Does the work with a daemon that dies at `step`; whether it has died, and whether the work was acknowledged.
    fn work(&mut self, step: &str, work: usize) -> (bool, bool) {
        if self.works[work].removes {
            self.host.knarr().ok(&["load", "-i", &self.doomed]).unwrap();
        }
        self.host.kill_daemon().unwrap();
        self.host.resume_to_die_at(step).unwrap();
        let done = self.works[work].run(&self.host.knarr());
        let died = if done { self.host.daemon_is_dead().unwrap() } else { self.host.daemon_dies().unwrap() };
        (died, done)
    }

    /// The daemon is gone at the latest now, with the power where there is a disk; then it comes back.
    fn crash(&mut self) {
        if let Some(disk) = &self.disk {
            disk.cut_power().unwrap();
            self.host.kill_shims().unwrap();
        }
        self.host.kill_daemon().unwrap();
        if let Some(disk) = &self.disk {
            disk.restore_power().unwrap();
        }
        self.host.resume().unwrap();
    }

    fn proves(&self, image: &str) -> bool {
        let args = ["run", "--rm", "--network", "none", image, "cat", "/proof"];
        self.host.knarr().run(&args).is_ok_and(|output| output.code == 0 && output.stdout.trim() == PROOF)
    }

    fn has(&self, image: &str) -> bool {
        self.host.knarr().run(&["image", "inspect", image]).is_ok_and(|output| output.code == 0)
    }

    /// What must hold whatever happened.
    fn holds(&self, work: &Work, done: bool, at: &str) {
        let there = self.has(&work.image);
        if done {
            assert_eq!(there, !work.removes, "{at}: what was acknowledged is lost");
        }
        if there {
            assert!(self.proves(&work.image), "{at}: {} is listed and not whole", work.image);
        }
        assert!(self.proves("committed:0"), "{at}: an image that nothing was done to is damaged");
        let root = self.host.data_root();
        let half_made = |path: &Path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let resumable = work.resumes() && path.join("info").exists();
            name.starts_with('.') || (path.parent() != Some(&root.join("layers")) && !resumable)
        };
        for folder in ["layers", "ingest", "tmp", "quarantine"] {
            let left = fs::read_dir(root.join(folder)).into_iter().flatten().flatten().map(|entry| entry.path());
            let left: Vec<_> = left.filter(|path| half_made(path)).collect();
            assert!(left.is_empty(), "{at}: {left:?} stays");
        }
    }

    /// Takes away what was acknowledged.
    fn undo(&self, work: &Work) {
        if !work.removes {
            self.host.knarr().ok(&["rmi", &work.image]).unwrap();
        }
        self.host.knarr().ok(&["image", "prune", "-f"]).unwrap();
    }

    /// The same work succeeds, and goes without a trace.
    fn goes_on(&self, work: &Work, at: &str) {
        let knarr = self.host.knarr();
        let again = work.run(&knarr);
        if work.removes {
            assert!(!self.has(&work.image), "{at}: it cannot be removed");
        } else {
            assert!(again, "{at}: it cannot be done again");
            assert!(self.proves(&work.image), "{at}: what was done again is not whole");
        }
        self.undo(work);
        assert_eq!(self.stored(), self.before, "{at}: something stays, or is missing");
    }

    fn everything(mut self) {
        let steps = failpoints(|name| name.starts_with("store."));
        let mut reached = BTreeSet::new();
        for work in 0..self.works.len() {
            let mut acknowledged = false;
            for step in &steps {
                let (died, done) = self.work(step, work);
                let at = format!("{} at {step}", self.works[work].args[0]);
                assert!(died || done, "{at}: it failed without a reason");
                if died {
                    reached.insert(step.clone());
                }
                self.crash();
                // Steps that this work does not pass are all the same: a crash after it was acknowledged.
                if died || !acknowledged {
                    self.holds(&self.works[work], done, &at);
                    self.goes_on(&self.works[work], &at);
                } else {
                    self.undo(&self.works[work]);
                }
                acknowledged |= !died;
            }
        }
        assert_eq!(reached, steps, "a step is never reached");
        self.host.finish().unwrap();
        drop((self.disk, self.registry));
    }
}

#[test]
fn the_daemon_is_killed_at_every_step() {
    Place::new(None).everything();
}

#[test]
fn the_power_is_cut_at_every_step() {
    Place::new(Some(Disk::new(128).unwrap())).everything();
}
