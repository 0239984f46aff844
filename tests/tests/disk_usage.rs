//! What `system df` says of the disk is what `du` says, whatever was done; what is in quarantine is told of and can go.
//!
//! Tried, and seen to fail: sizes of contents instead of blocks, blobs left out, each name of a hard link counted, a container's log left out; a prune that leaves
//! quarantine alone, or takes it in spite of a filter.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Host, Http, Registry};
use serde_json::Value;

/// Holes, a hard link, a folder of many files, a log.
const WRITES: &str = "cd $1; truncate -s 16M holes; echo begins >> holes; head -c 3000000 /dev/urandom > full; ln full again; mkdir many; \
     for n in $(seq 300); do echo $n > many/$n; done; seq 20000";

struct Place {
    host: Host,
    http: Http,
}

impl Place {
    fn new() -> Self {
        let host = Host::start().unwrap();
        let http = host.http();
        Self { host, http }
    }

    fn ok(&self, args: &[&str]) -> String {
        self.host.knarr().ok(args).unwrap()
    }

    /// What `du` says of paths below the data root.
    fn du(&self, paths: &[PathBuf]) -> u64 {
        if paths.is_empty() {
            return 0;
        }
        let output = Command::new("du").arg("-sB1").args(paths).output().unwrap();
        let sizes = String::from_utf8(output.stdout).unwrap();
        sizes.lines().map(|line| line.split_whitespace().next().unwrap().parse::<u64>().unwrap()).sum()
    }

    fn root(&self, names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(|name| self.host.data_root().join(name)).filter(|path| path.exists()).collect()
    }

    fn each_of(&self, name: &str) -> Vec<PathBuf> {
        list(&self.host.data_root().join(name))
    }

    /// Holds all that `system df` adds up against `du`, when the disk has it.
    #[track_caller]
    fn same(&self, after: &str) {
        assert!(Command::new("sync").arg("-f").arg(self.host.data_root()).status().unwrap().success());
        let df = self.http.get("/v1.45/system/df").unwrap();
        let said = [
            df["LayersSize"].as_u64().unwrap(),
            sum(&df["Containers"], |container| &container["SizeRw"]),
            sum(&df["Volumes"], |volume| &volume["UsageData"]["Size"]),
            sum(&df["Quarantine"], |thing| &thing["Size"]),
        ];
        let found = [
            self.du(&self.root(&["blobs", "ingest", "layers"])),
            self.du(&self.each_of("containers")),
            self.du(&self.each_of("volumes")),
            self.du(&self.each_of("quarantine")),
        ];
        assert_eq!(said, found, "after {after}: images, containers, volumes, quarantine");
        // Beside these there is nothing but the database, and the folders themselves.
        let rest =
            ["containers", "volumes", "quarantine"].iter().filter(|name| self.host.data_root().join(name).exists());
        let folders = 4096 * (1 + rest.count() as u64);
        let database = self.du(&self.root(&["meta.db", "meta.db.copy", "tmp"]));
        let all = self.du(&[self.host.data_root()]);
        assert_eq!(all, found.iter().sum::<u64>() + database + folders, "after {after}: something is counted nowhere");
    }
}

fn list(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}

fn sum(list: &Value, size: impl Fn(&Value) -> &Value) -> u64 {
    list.as_array().into_iter().flatten().map(|thing| size(thing).as_u64().unwrap()).sum()
}

/// Pushes an image that was built in two steps, and leaves only the registry's.
fn publish(place: &Place, image: &str) {
    let context = place.host.path().join("context");
    fs::create_dir(&context).unwrap();
    fs::write(context.join("Dockerfile"), "FROM base\nCOPY write /\nRUN mkdir /w && sh /write\n").unwrap();
    fs::write(context.join("write"), WRITES.replace("$1", "/w")).unwrap();
    place.ok(&["build", "-q", "-t", image, &context.to_string_lossy()]);
    place.same("a build");
    place.ok(&["push", image]);
    place.same("a push, which keeps the archives");
}

#[test]
fn the_totals_are_those_of_du() {
    let (place, registry) = (Place::new(), Registry::start().unwrap());
    place.same("a start");
    import_busybox(&place.host.knarr(), "base").unwrap();
    place.same("an import");
    let image = registry.image("written:1");
    publish(&place, &image);
    place.ok(&["volume", "create", "empty"]);
    let write = WRITES.replace("$1", "/v");
    place.ok(&["run", "--name", "wrote", "-v", "data:/v", "base", "sh", "-c", &write]);
    place.ok(&["run", "--name", "own", "base", "sh", "-c", &WRITES.replace("$1", "/tmp/..")]);
    place.ok(&["run", "-d", "--name", "runs", &image, "sh", "-c", "echo said; exec sleep 1000"]);
    place.same("runs with volumes, holes, links and logs");
    place.ok(&["commit", "own", "committed"]);
    place.ok(&["rm", "wrote"]);
    place.same("a commit and a removal");
    place.ok(&["rm", "-f", "runs", "own"]);
    place.ok(&["rmi", "committed", &image]);
    place.ok(&["image", "prune", "-f"]);
    place.same("removals");
    place.ok(&["pull", &image]);
    place.same("a pull of what was there before");
    place.ok(&["volume", "rm", "data", "empty"]);
    place.ok(&["system", "prune", "-af"]);
    place.same("a prune of everything");
    place.host.finish().unwrap();
}

#[test]
fn what_is_in_quarantine_is_told_of_and_pruned() {
    let (place, registry) = (Place::new(), Registry::start().unwrap());
    let image = registry.image("base:1");
    import_busybox(&place.host.knarr(), &image).unwrap();
    place.ok(&["push", &image]);
    place.ok(&["rmi", &image]);
    place.ok(&["pull", &image]);
    let layer = list(&place.host.data_root().join("layers")).pop().unwrap();
    fs::write(layer.join("fs/bin/busybox"), "damaged").unwrap();
    let said = place.ok(&["image", "verify", "--repair"]);
    let name = format!("layer-{}", layer.file_name().unwrap().to_string_lossy());
    assert!(said.contains(&format!("in quarantine: layer {name}, ")) && said.contains("`knarr image prune`"), "{said}");
    let quarantine = place.host.data_root().join("quarantine");
    fs::create_dir(quarantine.join("container-0123")).unwrap();
    fs::write(quarantine.join("meta.db.1"), [7; 9000]).unwrap();
    place.same("damage");

    let kinds = || place.ok(&["system", "df", "--format", "{{.Type}}"]);
    assert!(kinds().contains("Quarantine"), "{}", kinds());
    let every = place.ok(&["system", "df", "-v"]);
    assert!(every.contains(&name) && every.contains("meta.db.1"), "{every}");
    place.ok(&["image", "prune", "-f", "--filter", "until=1h"]);
    place.ok(&["container", "prune", "-f", "--filter", "until=1h"]);
    assert_eq!(list(&quarantine).len(), 3, "a filter spares it");
    let said = place.ok(&["image", "prune", "-f"]);
    assert!(!said.contains("Total reclaimed space: 0B"), "{said}");
    assert_eq!(list(&quarantine), [quarantine.join("container-0123")]);
    place.ok(&["container", "prune", "-f"]);
    assert!(!kinds().contains("Quarantine") && list(&quarantine).is_empty());
    place.ok(&["run", "--rm", &image, "true"]);
    place.host.finish().unwrap();
}
