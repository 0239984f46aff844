//! Every way by which an archive of somebody else's comes to the unpacker.

use std::path::{Path, PathBuf};

use anyhow::Result;
use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Answer, Disk, Host, Http, Registry};
use knarr_hostile_archives::tar::{Header, archive, with_content};
use knarr_hostile_archives::{Case, Outcome};
use knarr_model::Digest;
use serde_json::{Value, json};

/// A daemon, a container, a volume, a registry.
pub struct World {
    pub host: Host,
    http: Http,
    registry: Registry,
    _disk: Disk,
}

/// A way in.
pub struct Door {
    pub name: &'static str,
    /// What an archive is there.
    pub meaning: Meaning,
    /// One case of so many goes through it: a door that syncs the disk, or asks a registry, takes its time.
    pub every: usize,
    pub open: fn(&World, usize, &Case) -> Result<(), String>,
}

/// What an archive is to a door.
#[derive(Clone, Copy)]
pub enum Meaning {
    Layer,
    Files,
    /// Nothing that is wanted: it is refused in the end, whatever it has.
    Nothing,
}

pub const DOORS: &[Door] = &[
    Door { name: "pull", meaning: Meaning::Layer, every: 16, open: pull },
    Door { name: "load", meaning: Meaning::Layer, every: 8, open: load },
    Door { name: "load, as the image archive", meaning: Meaning::Nothing, every: 1, open: load_as_it_is },
    Door { name: "import", meaning: Meaning::Layer, every: 4, open: import },
    Door { name: "cp", meaning: Meaning::Files, every: 2, open: copy_in },
    Door { name: "build, as its context", meaning: Meaning::Nothing, every: 1, open: context },
    Door { name: "build, by ADD", meaning: Meaning::Files, every: 12, open: add },
    Door { name: "volume import", meaning: Meaning::Files, every: 4, open: import_volume },
];

const TAR: &str = "application/x-tar";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

impl World {
    pub fn start() -> Result<Self> {
        // A disk of its own: whatever an archive asks for, the machine's others have theirs.
        let disk = Disk::new(512)?;
        let host = Host::start_on(&disk.path().join("data"))?;
        import_busybox(&host.knarr(), "busybox")?;
        host.knarr().ok(&["create", "--name", "box", "busybox", "true"])?;
        let http = host.http();
        Ok(Self { http, host, registry: Registry::start()?, _disk: disk })
    }

    /// Removes what was made, and says what is left of it.
    pub fn rest(&self) -> Result<Vec<PathBuf>> {
        let knarr = self.host.knarr();
        knarr.ok(&["rm", "box"])?;
        knarr.ok(&["image", "prune", "-a", "-f"])?;
        knarr.ok(&["volume", "prune", "-a", "-f"])?;
        let mut rest = Vec::new();
        for folder in ["blobs", "ingest", "layers", "tmp", "volumes", "containers"] {
            files(&self.host.data_root().join(folder), &mut rest)?;
        }
        Ok(rest)
    }

    pub fn finish(self) -> Result<()> {
        self.host.finish()
    }
}

/// All that is no folder below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in folder.read_dir()? {
        let path = entry?.path();
        match path.is_dir() && !path.is_symlink() {
            true => files(&path, found)?,
            false => found.push(path),
        }
    }
    Ok(())
}

/// Whether the daemon did what it was asked: by its status, and by the end of its stream.
fn said(answer: Result<Answer>) -> Result<(), String> {
    let answer = answer.map_err(|error| format!("no answer: {error:#}"))?;
    let text = answer.text();
    let failed = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    match failed.filter_map(|line| Some(line.get("error")?.to_string())).next() {
        Some(error) => Err(error),
        None if answer.status >= 400 => Err(text),
        None => Ok(()),
    }
}

fn config(case: &Case) -> Vec<u8> {
    let rootfs = json!({"type": "layers", "diff_ids": [Digest::of(&case.data)]});
    json!({"architecture": "amd64", "os": "linux", "rootfs": rootfs}).to_string().into_bytes()
}

/// Only plain layers have the diff id of what is sent: what else was unpacked is refused in the end.
fn unless_compressed(case: &Case, done: Result<(), String>) -> Result<(), String> {
    match done {
        Err(error) if error.contains("does not match its diff id") && case.name.starts_with("compressed") => Ok(()),
        other => other,
    }
}

fn pull(world: &World, n: usize, case: &Case) -> Result<(), String> {
    let config = config(case);
    let put = || -> Result<()> {
        for blob in [&config, &case.data] {
            world.registry.put_blob("hostile", blob)?;
        }
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": Digest::of(&config), "size": config.len()},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": Digest::of(&case.data), "size": case.data.len()}]});
        world.registry.put_manifest("hostile", &format!("t{n}"), MANIFEST, manifest.to_string().as_bytes())
    };
    put().map_err(|error| format!("cannot serve it: {error:#}"))?;
    let image = world.registry.image("hostile");
    let pulled = said(world.http.ask("POST", &format!("/images/create?fromImage={image}&tag=t{n}")));
    unless_compressed(case, pulled)
}

fn load(world: &World, _: usize, case: &Case) -> Result<(), String> {
    let file = |name: &str, content: &[u8]| with_content(Header::new(name, b'0'), content);
    let manifest = json!([{"Config": "config.json", "RepoTags": [], "Layers": ["layer.tar"]}]).to_string();
    let members =
        [file("manifest.json", manifest.as_bytes()), file("config.json", &config(case)), file("layer.tar", &case.data)];
    unless_compressed(case, said(world.http.upload("POST", "/images/load", TAR, &archive(&members))))
}

/// The hostile archive in place of the image archive.
fn load_as_it_is(world: &World, _: usize, case: &Case) -> Result<(), String> {
    said(world.http.upload("POST", "/images/load", TAR, &case.data))
}

fn import(world: &World, _: usize, case: &Case) -> Result<(), String> {
    said(world.http.upload("POST", "/images/create?fromSrc=-", TAR, &case.data))
}

fn copy_in(world: &World, n: usize, case: &Case) -> Result<(), String> {
    let folder = archive(&[knarr_hostile_archives::tar::folder(format!("case{n}/"))]);
    said(world.http.upload("PUT", "/containers/box/archive?path=/", TAR, &folder))?;
    said(world.http.upload("PUT", &format!("/containers/box/archive?path=/case{n}"), TAR, &case.data))
}

/// The hostile archive in place of the context.
fn context(world: &World, _: usize, case: &Case) -> Result<(), String> {
    said(world.http.upload("POST", "/build", TAR, &case.data))
}

/// What is no archive to the builder is added as a file. The archive of the layer that is made has zeros for holes: a terabyte of them is more
/// than the disk has.
fn add(world: &World, _: usize, case: &Case) -> Result<(), String> {
    let file = |name: &str, content: &[u8]| with_content(Header::new(name, b'0'), content);
    let dockerfile = file("Dockerfile", b"FROM scratch\nADD case.tar /in/");
    let built = said(world.http.upload("POST", "/build", TAR, &archive(&[dockerfile, file("case.tar", &case.data)])));
    match (built, &case.live) {
        (_, Outcome::Refused(_)) => Err("refused, or added as it is".to_owned()),
        (Err(error), _)
            if case.name.contains("terabyte") && error.contains("cannot make room for 1099511627776 bytes") =>
        {
            Ok(())
        }
        (built, _) => built,
    }
}

fn import_volume(world: &World, n: usize, case: &Case) -> Result<(), String> {
    let volume = json!({"Name": format!("case{n}")}).to_string();
    said(world.http.send("POST", "/volumes/create", &volume))?;
    said(world.http.upload("POST", &format!("/volumes/case{n}/import"), TAR, &case.data))
}
