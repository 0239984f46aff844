//! A disk that refuses: no space, no quota, an error of the device, at every step of pull, load, import, commit, build, tag, delete and run at which the daemon
//! writes. The steps are the `failpoint!`s of the source that are `io`; each must be met by something. What was asked for is refused in words that name step and
//! remedy, or is done; lists answer meanwhile and what does not write goes on; nothing half-made stays; without a new start the same work then succeeds, and what
//! it made can be removed to the last file.
//!
//! Tried, and seen to fail: layers of a batch that are forgotten when one cannot be published, a layer that could not be removed and is not tried again, failed work
//! that is not swept, bytes that stay after a failed write, errors without their remedy.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host, Registry, disk_failpoints};

/// `ENOSPC`, `EDQUOT`, `EIO`: the number, its words, and those of the remedy.
const REFUSALS: [(i32, &str, &str); 3] = [
    (28, "No space left on device", "knarr system prune"),
    (122, "quota exceeded", "knarr system prune"),
    (5, "Input/output error", "dmesg"),
];

struct Work {
    args: Vec<String>,
    /// What it makes.
    image: Option<&'static str>,
}

struct Place {
    host: Host,
    registry: Registry,
    works: Vec<Work>,
    doomed: String,
    before: BTreeSet<PathBuf>,
}

impl Place {
    fn new() -> Self {
        let (host, registry) = (Host::start().unwrap(), Registry::start().unwrap());
        let knarr = host.knarr();
        import_busybox(&knarr, "base").unwrap();
        let file = |name: &str| host.path().join(name).to_string_lossy().into_owned();
        let (context, loaded, doomed, files) = (file("context"), file("loaded"), file("doomed"), file("files"));
        fs::create_dir(&context).unwrap();
        fs::write(Path::new(&context).join("Dockerfile"), "FROM base\nRUN echo a > /a\nRUN echo b > /b\n").unwrap();
        let build = ["build", "-q", "--no-cache", "-t", "built", &context];
        knarr.ok(&build).unwrap();
        let remote = registry.image("remote");
        for name in ["loaded", "doomed", &remote] {
            knarr.ok(&["tag", "built", name]).unwrap();
        }
        knarr.ok(&["save", "-o", &loaded, "loaded"]).unwrap();
        knarr.ok(&["save", "-o", &doomed, "doomed"]).unwrap();
        knarr.ok(&["push", &remote]).unwrap();
        knarr.ok(&["run", "--name", "changed", "base", "sh", "-c", "echo a > /a"]).unwrap();
        knarr.ok(&["export", "-o", &files, "changed"]).unwrap();
        knarr.ok(&["rmi", "built", "loaded", "doomed", &remote]).unwrap();
        knarr.ok(&["image", "prune", "-f"]).unwrap();
        let work = |args: &[&str], image| Work { args: args.iter().map(|word| (*word).to_owned()).collect(), image };
        let works = vec![
            work(&["pull", &remote], None),
            work(&["load", "-i", &loaded], Some("loaded")),
            work(&["import", &files, "imported"], Some("imported")),
            work(&["commit", "changed", "committed"], Some("committed")),
            work(&build, Some("built")),
            work(&["tag", "base", "tagged"], Some("tagged")),
            work(&["rmi", "doomed"], None),
            work(&["run", "--rm", "--network", "none", "base", "true"], None),
        ];
        let mut place = Self { host, registry, works, doomed, before: BTreeSet::new() };
        place.before = place.stored();
        place
    }

    /// All that lies in the store, but the folders that blobs are spread over.
    fn stored(&self) -> BTreeSet<PathBuf> {
        let root = self.host.data_root();
        let spread = list(&root.join("blobs/sha256")).into_iter().flat_map(|folder| list(&folder));
        let rest =
            ["ingest", "layers", "tmp", "containers", "quarantine"].into_iter().flat_map(|name| list(&root.join(name)));
        spread.chain(rest).collect()
    }

    fn run(&self, work: &Work) -> (bool, String) {
        let args: Vec<&str> = work.args.iter().map(String::as_str).collect();
        let output = self.host.knarr().run(&args).unwrap();
        (output.code == 0, output.stdout + &output.stderr)
    }

    /// Takes away what was made.
    fn undo(&self, work: &Work) {
        let knarr = self.host.knarr();
        let made = work.image.map_or_else(|| self.registry.image("remote"), str::to_owned);
        let gone = knarr.run(&["rmi", &made]).unwrap();
        assert!(gone.code == 0 || gone.stderr.contains("No such image"), "{}", gone.stderr);
        knarr.ok(&["image", "prune", "-f"]).unwrap();
    }

    /// Does each work while the disk refuses at `step`; whether one has met it.
    fn refuses(&mut self, step: &str, number: i32, words: &str, remedy: &str) -> bool {
        let switch = self.host.path().join("refuse");
        self.host.kill_daemon().unwrap();
        self.host.resume_to_fail_at(step, number, &switch).unwrap();
        let knarr = self.host.knarr();
        let mut met = false;
        for work in &self.works {
            let at = format!("{} at {step} ({words})", work.args[0]);
            if work.args[0] == "rmi" {
                knarr.ok(&["load", "-i", &self.doomed]).unwrap();
            }
            fs::write(&switch, "").unwrap();
            let (done, said) = self.run(work);
            if !done {
                met = true;
                assert!(said.contains("cannot ") && said.contains(words) && said.contains(remedy), "{at}: {said}");
            }
            if !done {
                self.goes_on_meanwhile(&knarr, step, &at);
            }
            fs::remove_file(&switch).unwrap();
            if !done && work.args[0] != "rmi" {
                assert_eq!(self.stored(), self.before, "{at}: something half-made stays, or is missing");
                let (again, said) = self.run(work);
                assert!(again, "{at}: it fails when there is room again: {said}");
            } else if !done {
                let (again, said) = self.run(work);
                assert!(again || said.contains("No such image"), "{at}: {said}");
            }
            self.undo(work);
            assert_eq!(self.stored(), self.before, "{at}: something stays, or is missing");
        }
        met
    }

    /// Lists answer; where the database writes, what is there runs and is removed.
    fn goes_on_meanwhile(&self, knarr: &Client, step: &str, at: &str) {
        assert!(knarr.ok(&["images"]).unwrap().contains("base"), "{at}");
        assert!(knarr.ok(&["ps", "-a"]).unwrap().contains("changed"), "{at}");
        if !step.starts_with("database.") {
            knarr.ok(&["run", "--rm", "--network", "none", "base", "true"]).unwrap();
        }
    }
}

fn list(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

#[test]
fn every_step_can_be_refused() {
    let mut place = Place::new();
    let steps = disk_failpoints();
    assert!(steps.len() > 10, "{steps:?}");
    for (turn, step) in steps.iter().enumerate() {
        // Each step meets one refusal; the first of each kind of step meets all.
        let chosen =
            if step.starts_with("database.") || step.ends_with("-writing") { 0..3 } else { turn % 3..turn % 3 + 1 };
        for (number, words, remedy) in &REFUSALS[chosen] {
            assert!(place.refuses(step, *number, words, remedy), "{step} is never met");
        }
    }
    place.host.finish().unwrap();
}
