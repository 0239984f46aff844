//! Any one file of the store is damaged: cut, changed, removed. The daemon starts, says what it has found and puts it away; `image verify` finds it, and
//! with `--repair` fetches or makes it again.

use std::fs;
use std::path::{Path, PathBuf};

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Host, Registry};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Cut,
    Changed,
    Removed,
}

const WAYS: [How; 3] = [How::Cut, How::Changed, How::Removed];

fn damage(file: &Path, how: How) {
    let bytes = fs::read(file).unwrap();
    fs::remove_file(file).unwrap();
    let middle = bytes.len() / 2;
    match how {
        How::Cut => fs::write(file, &bytes[..middle]).unwrap(),
        How::Changed => {
            let mut bytes = bytes;
            bytes[middle] ^= 0x20;
            fs::write(file, bytes).unwrap();
        }
        How::Removed => {}
    }
}

/// A byte of a database may be in a page that is not used, where its change is none: here every page has one.
fn damage_database(file: &Path, how: How) {
    if how != How::Changed {
        return damage(file, how);
    }
    let mut bytes = fs::read(file).unwrap();
    bytes.iter_mut().step_by(512).for_each(|byte| *byte ^= 0x20);
    fs::write(file, bytes).unwrap();
}

/// The files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<_> = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect();
    all.sort();
    let below = |path: PathBuf| if path.is_dir() && !path.is_symlink() { files(&path) } else { vec![path] };
    all.into_iter().flat_map(below).collect()
}

/// A host with an image of two layers that was pulled, and where it can be pulled again.
struct Place {
    host: Host,
    image: String,
    _registry: Registry,
}

impl Place {
    fn new() -> Self {
        let (host, registry) = (Host::start().unwrap(), Registry::start().unwrap());
        let (knarr, image) = (host.knarr(), registry.image("proof:1"));
        import_busybox(&knarr, "busybox").unwrap();
        let folder = host.path().join("context");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("Dockerfile"), "FROM busybox\nRUN echo whole > /proof && echo x > /x && chown 7:8 /x\n")
            .unwrap();
        knarr.ok(&["build", "-t", &image, &folder.to_string_lossy()]).unwrap();
        knarr.ok(&["push", &image]).unwrap();
        knarr.ok(&["rmi", &image, "busybox"]).unwrap();
        knarr.ok(&["image", "prune", "-af"]).unwrap();
        knarr.ok(&["pull", &image]).unwrap();
        Self { host, image, _registry: registry }
    }

    /// All blobs; of each layer its record and some of its files.
    fn store(&self) -> Vec<PathBuf> {
        let data = self.host.data_root();
        let mut all = files(&data.join("blobs"));
        for layer in fs::read_dir(data.join("layers")).unwrap().flatten() {
            let own = files(&layer.path());
            let plain = |path: &&PathBuf| !path.is_symlink() && fs::metadata(path).unwrap().is_file();
            all.extend(own.iter().filter(plain).filter(|path| path.ends_with("meta.json")).cloned());
            all.extend(own.iter().filter(plain).filter(|path| !path.ends_with("meta.json")).take(2).cloned());
        }
        all
    }

    fn proves(&self) -> bool {
        let output =
            self.host.knarr().run(&["run", "--rm", "--network", "none", &self.image, "cat", "/proof"]).unwrap();
        output.code == 0 && output.stdout.trim() == "whole"
    }
}

/// The digest that a file of the store belongs to: a blob's own name, a layer's folder.
fn digest_of(file: &Path) -> String {
    let hex = |name: &&str| name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    file.iter().filter_map(|part| part.to_str()).find(hex).unwrap().to_owned()
}

#[test]
fn any_one_file_is_found_damaged_and_fetched_again() {
    let mut place = Place::new();
    let knarr = place.host.knarr();
    let whole = knarr.ok(&["image", "verify"]).unwrap();
    assert!(whole.contains("damaged: 0"), "{whole}");
    let store = place.store();
    assert!(store.len() >= 10, "{store:?}");
    for file in store {
        for how in WAYS {
            let at = format!("{how:?} {}", file.display());
            place.host.kill_daemon().unwrap();
            damage(&file, how);
            place.host.resume().unwrap();
            let found = knarr.run(&["image", "verify"]).unwrap();
            assert_eq!(found.code, 1, "{at}: {}{}", found.stdout, found.stderr);
            assert!(found.stdout.contains(&digest_of(&file)), "{at}: {}", found.stdout);
            let repaired = knarr.run(&["image", "verify", "--repair", &place.image]).unwrap();
            assert_eq!(repaired.code, 0, "{at}: {}{}", repaired.stdout, repaired.stderr);
            assert!(repaired.stdout.contains("repaired"), "{at}: {}", repaired.stdout);
            assert!(knarr.ok(&["image", "verify"]).unwrap().contains("damaged: 0"), "{at}");
            assert!(place.proves(), "{at}");
        }
    }
    place.host.finish().unwrap();
}

/// Where nobody asks for a look: whoever uses what is damaged is told, and a pull replaces it.
#[test]
fn a_pull_replaces_what_is_cut_and_what_a_push_found_to_be_wrong() {
    let place = Place::new();
    let (knarr, image) = (place.host.knarr(), &place.image);
    for file in files(&place.host.data_root().join("blobs")) {
        damage(&file, How::Cut);
        knarr.ok(&["pull", image]).unwrap();
        assert!(knarr.ok(&["image", "verify"]).unwrap().contains("damaged: 0"), "{}", file.display());
    }
    place.host.finish().unwrap();
}

#[test]
fn what_cannot_be_repaired_is_said_with_the_remedy() {
    let host = Host::start().unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, "busybox").unwrap();
    let layer = fs::read_dir(host.data_root().join("layers")).unwrap().flatten().next().unwrap().path();
    damage(&layer.join("fs/bin/busybox"), How::Changed);
    let said = knarr.run(&["image", "verify", "--repair", "busybox"]).unwrap();
    assert_eq!(said.code, 1);
    assert!(said.stdout.contains("not repaired") && said.stdout.contains("load or build it again"), "{}", said.stdout);
    knarr.ok(&["rmi", "busybox"]).unwrap();
    import_busybox(&knarr, "busybox").unwrap();
    assert!(knarr.ok(&["image", "verify"]).unwrap().contains("damaged: 0"));
    assert_eq!(knarr.fails(&["image", "verify", "nothing"]).unwrap().code, 1);
    host.finish().unwrap();
}

/// The database itself: the daemon goes on with what it knew when it last started, and takes nothing for garbage that it may only not know.
#[test]
fn a_damaged_database_is_put_away_and_its_copy_taken() {
    for how in WAYS {
        let mut host = Host::start().unwrap();
        let knarr = host.knarr();
        import_busybox(&knarr, "busybox").unwrap();
        knarr.ok(&["volume", "create", "known"]).unwrap();
        knarr.ok(&["create", "--name", "known", "busybox", "true"]).unwrap();
        host.kill_daemon().unwrap();
        host.resume().unwrap();
        knarr.ok(&["volume", "create", "later"]).unwrap();
        let keep = "echo kept > /v/kept; echo written > /written";
        let later = knarr.ok(&["create", "--name", "later", "-v", "later:/v", "busybox", "sh", "-c", keep]).unwrap();
        knarr.ok(&["start", "-a", "later"]).unwrap();
        host.kill_daemon().unwrap();
        damage_database(&host.data_root().join("meta.db"), how);
        host.resume().unwrap();
        assert!(host.log().contains("meta.db was damaged"), "{how:?}: {}", host.log());
        assert_eq!(knarr.ok(&["ps", "-a", "--format", "{{.Names}}"]).unwrap(), "known", "{how:?}");
        assert_eq!(
            knarr.ok(&["run", "--rm", "-v", "later:/v", "busybox", "cat", "/v/kept"]).unwrap(),
            "kept",
            "{how:?}"
        );
        let aside = host.data_root().join(format!("quarantine/container-{later}/upper/written"));
        assert_eq!(fs::read_to_string(aside).unwrap(), "written\n", "{how:?}");
        host.kill_daemon().unwrap();
        host.resume().unwrap();
        assert!(knarr.ok(&["volume", "ls", "-q"]).unwrap().contains("later"), "{how:?}");
        host.finish().unwrap();
    }
}
