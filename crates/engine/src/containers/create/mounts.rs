//! What a request and its image want mounted: binds, volumes, tmpfs, joined and checked.

use std::collections::BTreeMap;

use knarr_api::container::{Config, HostConfig, Mount};
use knarr_model::{ContainerId, Fault, Result, valid_name};

use crate::containers::launch::check_bind_source;
use crate::containers::record::{MountRecord, MountSource};

/// All mounts of a new container in the order in which they are mounted: parents before what lies below them. The image's
/// volumes come last and only where nothing else is mounted. `inherited` are those of `--volumes-from`.
pub(crate) fn plan(config: &Config, host: &HostConfig, inherited: Vec<MountRecord>) -> Result<Vec<MountRecord>> {
    let mut by_path: BTreeMap<String, MountRecord> = BTreeMap::new();
    for mount in inherited {
        by_path.insert(mount.destination.clone(), mount);
    }
    let mut own: BTreeMap<String, MountRecord> = BTreeMap::new();
    let binds = host.binds.iter().map(|text| bind(text));
    let long = host.mounts.iter().map(mount);
    let tmpfs = host.tmpfs.iter().map(|(path, options)| memory(path, options));
    for planned in binds.chain(long).chain(tmpfs) {
        let planned = planned?;
        let destination = planned.destination.clone();
        if own.insert(destination.clone(), planned).is_some() {
            return Err(Fault::invalid(format!("Duplicate mount point: {destination}")));
        }
    }
    by_path.extend(own);
    for path in config.volumes.keys() {
        // An image's `VOLUME data` lies in the root folder.
        let destination = absolute(&format!("/{path}"))?;
        by_path.entry(destination.clone()).or_insert_with(|| anonymous(destination));
    }
    let mut all: Vec<MountRecord> = by_path.into_values().collect();
    all.sort_by_key(|mount| mount.destination.matches('/').count());
    Ok(all)
}

fn anonymous(destination: String) -> MountRecord {
    MountRecord {
        source: volume(String::new(), false),
        destination,
        read_only: false,
        propagation: String::new(),
        mode: String::new(),
    }
}

/// A volume; one without a name gets a random one and belongs to the container.
fn volume(name: String, no_copy: bool) -> MountSource {
    let anonymous = name.is_empty();
    let name = if anonymous { ContainerId::random().to_string() } else { name };
    MountSource::Volume { name, anonymous, no_copy, subpath: String::new() }
}

/// `source:target[:options]`.
fn bind(text: &str) -> Result<MountRecord> {
    let invalid = |why: &str| Fault::invalid(format!("invalid volume specification: '{text}'{why}"));
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, mode) = match parts[..] {
        [target] => ("", target, ""),
        [source, target] => (source, target, ""),
        [source, target, mode] => (source, target, mode),
        _ => return Err(invalid("")),
    };
    let options = Options::parse(mode).map_err(|word| invalid(&format!(": invalid mode: {word}")))?;
    let source = match source {
        path if path.starts_with('/') => {
            MountSource::Bind { path: absolute(path)?, non_recursive: false, create: true }
        }
        "" if parts.len() == 1 => volume(String::new(), false),
        name if valid_name(name) => volume(name.to_owned(), options.no_copy),
        name => {
            let text = format!(
                "create {name}: \"{name}\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path"
            );
            return Err(Fault::invalid(text));
        }
    };
    let destination = absolute(target).map_err(|_| invalid(": invalid mount path: mount path must be absolute"))?;
    Ok(MountRecord {
        source,
        destination: not_root(destination)?,
        read_only: options.read_only,
        propagation: options.propagation,
        mode: mode.to_owned(),
    })
}

#[derive(Default)]
struct Options {
    read_only: bool,
    no_copy: bool,
    propagation: String,
}

impl Options {
    /// The words of a bind's third part; an unknown one is given back.
    fn parse(text: &str) -> Result<Self, String> {
        let mut options = Self::default();
        for word in text.split(',').filter(|word| !word.is_empty()) {
            match word {
                "ro" => options.read_only = true,
                "rw" | "z" | "Z" | "consistent" | "cached" | "delegated" => {}
                "nocopy" => options.no_copy = true,
                "private" | "rprivate" | "shared" | "rshared" | "slave" | "rslave" => {
                    word.clone_into(&mut options.propagation)
                }
                other => return Err(other.to_owned()),
            }
        }
        Ok(options)
    }
}

/// The long form, `--mount`.
fn mount(mount: &Mount) -> Result<MountRecord> {
    let invalid = |why: &str| Fault::invalid(format!("invalid mount config for type \"{}\": {why}", mount.kind));
    let destination = absolute(&mount.target).map_err(|_| invalid("field Target must be an absolute path"))?;
    let propagation = mount.bind_options.as_ref().map(|bind| bind.propagation.clone()).unwrap_or_default();
    let source = match mount.kind.as_str() {
        "bind" => {
            if !mount.source.starts_with('/') {
                return Err(invalid("field Source must be an absolute path"));
            }
            let options = mount.bind_options.clone().unwrap_or_default();
            let (non_recursive, create) = (options.non_recursive, options.create_mountpoint);
            let path = absolute(&mount.source)?;
            if !create {
                check_bind_source(&path)?;
            }
            MountSource::Bind { path, non_recursive, create }
        }
        "volume" => named_volume(mount).map_err(|why| invalid(&why))?,
        "tmpfs" => MountSource::Tmpfs { options: tmpfs_options(mount) },
        other => return Err(Fault::invalid(format!("invalid mount config: mount type {other:?} is unknown"))),
    };
    let mode = String::new();
    Ok(MountRecord { source, destination: not_root(destination)?, read_only: mount.read_only, propagation, mode })
}

fn named_volume(mount: &Mount) -> Result<MountSource, String> {
    if !mount.source.is_empty() && !valid_name(&mount.source) {
        return Err(format!("invalid volume name: {:?}", mount.source));
    }
    let options = mount.volume_options.clone().unwrap_or_default();
    let outside = options.subpath.starts_with('/') || options.subpath.split('/').any(|part| part == "..");
    if outside {
        return Err("field VolumeOptions.Subpath must be a relative path within the volume".into());
    }
    let mut source = volume(mount.source.clone(), options.no_copy);
    if let MountSource::Volume { subpath, .. } = &mut source {
        *subpath = options.subpath;
    }
    Ok(source)
}

fn tmpfs_options(mount: &Mount) -> Vec<String> {
    let mut options: Vec<String> = ["nosuid", "nodev", "noexec"].map(str::to_owned).to_vec();
    let given = mount.tmpfs_options.clone().unwrap_or_default();
    if given.size_bytes > 0 {
        options.push(format!("size={}", given.size_bytes));
    }
    if given.mode > 0 {
        options.push(format!("mode={:o}", given.mode));
    }
    options
}

/// One entry of `--tmpfs`.
fn memory(path: &str, text: &str) -> Result<MountRecord> {
    let destination = not_root(absolute(path)?)?;
    let given = text.split(',').filter(|word| !word.is_empty()).map(str::to_owned);
    let options: Vec<String> = ["nosuid", "nodev", "noexec"].map(str::to_owned).into_iter().chain(given).collect();
    let read_only = options.iter().any(|word| word == "ro");
    let (propagation, mode) = (String::new(), text.to_owned());
    Ok(MountRecord { source: MountSource::Tmpfs { options }, destination, read_only, propagation, mode })
}

/// An absolute path without `.`, `..` and double slashes. Text only: nothing is resolved.
fn absolute(path: &str) -> Result<String> {
    if !path.starts_with('/') || path.contains('\0') {
        return Err(Fault::invalid(format!("invalid mount path: '{path}' mount path must be absolute")));
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    Ok(format!("/{}", parts.join("/")))
}

fn not_root(destination: String) -> Result<String> {
    if destination == "/" {
        return Err(Fault::invalid("invalid volume specification: destination can't be '/'"));
    }
    Ok(destination)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_binds(binds: &[&str]) -> Result<Vec<MountRecord>> {
        let host = HostConfig { binds: binds.iter().map(|b| (*b).to_owned()).collect(), ..HostConfig::default() };
        let config = Config { volumes: [("/data".to_owned(), Default::default())].into(), ..Config::default() };
        plan(&config, &host, Vec::new())
    }

    #[test]
    fn parents_come_first_and_image_volumes_only_where_nothing_else_is() {
        let all = with_binds(&["/host:/a/b/c:ro", "named:/data", "/x:/a"]).unwrap();
        let paths: Vec<&str> = all.iter().map(|mount| mount.destination.as_str()).collect();
        assert_eq!(paths, ["/a", "/data", "/a/b/c"]);
        assert!(all[2].read_only);
        let MountSource::Volume { name, anonymous, .. } = &all[1].source else { panic!("{all:?}") };
        assert!(name == "named" && !anonymous);
    }

    #[test]
    fn wrong_binds_are_refused() {
        for bad in ["a:b", "/a:relative", "/a:/b:zz", "../x:/b", "/a:/", "/a:/b:ro:x"] {
            assert!(with_binds(&[bad]).is_err(), "{bad}");
        }
        let twice = with_binds(&["/a:/b", "/c:/b/"]).unwrap_err();
        assert_eq!(twice.message(), "Duplicate mount point: /b");
    }
}
