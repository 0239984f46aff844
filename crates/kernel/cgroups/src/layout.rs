//! Which hierarchies this host has mounted, and where.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use knarr_mounts::mountinfo::{self, Entry};

use crate::{Error, Result, files};

/// Version of a hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// One hierarchy a controller (or a few).
    V1,
    /// The unified tree.
    V2,
}

/// A mounted hierarchy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hierarchy {
    /// Its version.
    pub version: Version,
    /// Where it is mounted.
    pub mount: PathBuf,
    /// The controllers that it governs; none for the unified tree of a hybrid host.
    pub controllers: Vec<String>,
}

impl Hierarchy {
    /// Whether it governs a controller.
    pub fn has(&self, controller: &str) -> bool {
        self.controllers.iter().any(|name| name == controller)
    }
}

/// All hierarchies of a host: v1 alone, v2 alone, or hybrid.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    /// In the order of the mount table.
    pub hierarchies: Vec<Hierarchy>,
}

/// The v1 hierarchy by which an old systemd follows services.
const SYSTEMD: &str = "name=systemd";

impl Layout {
    /// This host's layout, read once: it does not change while the host is up.
    pub fn host() -> Result<&'static Self> {
        static HOST: OnceLock<Layout> = OnceLock::new();
        if let Some(layout) = HOST.get() {
            return Ok(layout);
        }
        let layout = Self::read()?;
        Ok(HOST.get_or_init(|| layout))
    }

    fn read() -> Result<Self> {
        let mounts = mountinfo::parse(&files::read_bytes(Path::new("/proc/self/mountinfo"))?);
        let own = files::read(Path::new("/proc/self/cgroup"))?;
        let unified = |mount: &Path| files::read_if_there(&mount.join("cgroup.controllers"));
        let layout = Self::parse(&mounts, &own, |mount| Ok(unified(mount)?.unwrap_or_default()))?;
        if layout.hierarchies.is_empty() { Err(Error::NoHierarchy) } else { Ok(layout) }
    }

    /// The layout from the mount table and the text of `/proc/self/cgroup`; `unified_controllers` reads
    /// `cgroup.controllers` at the root of a v2 mount.
    pub fn parse(mounts: &[Entry], own: &str, unified_controllers: impl Fn(&Path) -> Result<String>) -> Result<Self> {
        let known: Vec<&str> = own.lines().filter_map(|line| line.split(':').nth(1)).collect();
        let mut found: Vec<Hierarchy> = Vec::new();
        for entry in mounts {
            let mount = entry.mount_point.clone();
            let (version, controllers) = match entry.kind.as_str() {
                "cgroup" => (Version::V1, governed(&entry.parameters, &known)),
                "cgroup2" => {
                    let all = unified_controllers(&mount)?;
                    (Version::V2, all.split_whitespace().map(str::to_owned).collect())
                }
                _ => continue,
            };
            let repeated = found.iter().any(|h| h.version == version && h.controllers == controllers);
            if !repeated && (version == Version::V2 || !controllers.is_empty()) {
                found.push(Hierarchy { version, mount, controllers });
            }
        }
        let tracked_by_v2 = found.iter().any(|h| h.version == Version::V2);
        found.retain(|h| !(tracked_by_v2 && h.controllers == [SYSTEMD]));
        Ok(Self { hierarchies: found })
    }

    /// The hierarchy that governs `controller`.
    pub fn of(&self, controller: &str) -> Option<&Hierarchy> {
        self.hierarchies.iter().find(|h| h.has(controller))
    }

    /// The version that governs `controller`; for `devices` and `freezer`, which v2 has without a controller of that
    /// name, version 2 where no v1 hierarchy has them.
    pub fn version_of(&self, controller: &str) -> Option<Version> {
        match self.of(controller) {
            Some(hierarchy) => Some(hierarchy.version),
            None if matches!(controller, "devices" | "freezer") => self.unified().map(|h| h.version),
            None => None,
        }
    }

    /// The unified tree, with or without controllers.
    pub fn unified(&self) -> Option<&Hierarchy> {
        self.hierarchies.iter().find(|h| h.version == Version::V2)
    }
}

/// The controllers among a v1 mount's options: those that `/proc/self/cgroup` knows as part of a hierarchy.
fn governed(options: &str, known: &[&str]) -> Vec<String> {
    let own = |option: &&str| known.iter().any(|names| names.split(',').any(|name| name == *option));
    options.split(',').filter(own).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(mounts: &str, own: &str, unified: &str) -> Layout {
        Layout::parse(&mountinfo::parse(mounts.as_bytes()), own, |_| Ok(unified.to_owned())).unwrap()
    }

    #[test]
    fn a_hybrid_host_has_v1_controllers_and_a_bare_unified_tree() {
        let mounts = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
                      32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
                      36 31 0:33 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices\n\
                      40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n\
                      41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
        let own = "9:name=systemd:/\n5:devices:/\n2:cpu,cpuacct:/\n0::/\n";
        let layout = parse(mounts, own, "");
        let names: Vec<_> = layout.hierarchies.iter().map(|h| h.controllers.join(",")).collect();
        assert_eq!(names, ["cpu,cpuacct", "devices", ""]);
        assert_eq!(layout.version_of("cpuacct"), Some(Version::V1));
        assert_eq!(layout.version_of("devices"), Some(Version::V1));
        assert_eq!(layout.version_of("freezer"), Some(Version::V2));
        assert_eq!(layout.version_of("memory"), None);
    }

    #[test]
    fn a_v1_host_also_follows_the_systemd_hierarchy() {
        let mounts = "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n";
        assert_eq!(parse(mounts, "1:name=systemd:/\n", "").hierarchies.len(), 1);
    }

    #[test]
    fn a_v2_host_has_one_tree() {
        let mounts = "41 31 0:38 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n\
                      50 31 0:38 / /mnt/again rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
        let layout = parse(mounts, "0::/\n", "cpuset cpu io memory pids\n");
        assert_eq!(layout.hierarchies.len(), 1);
        assert_eq!(layout.of("io").unwrap().mount, Path::new("/sys/fs/cgroup"));
        assert_eq!(layout.version_of("devices"), Some(Version::V2));
    }
}
