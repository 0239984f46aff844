//! The document's mounts.

use std::path::{Component, Path, PathBuf};

use knarr_mounts::{Options, Reach};
use knarr_spec::{IdMapping, Mount};

use crate::{Error, Result};

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountPlan {
    /// Where, inside the container.
    pub destination: PathBuf,
    /// What.
    pub source: MountSource,
    /// How.
    pub options: Options,
    /// How owners are mapped.
    pub owners: Option<Owners>,
    /// SELinux label of all that is on it, empty for none.
    pub label: String,
}

/// How the owners on a mount are mapped (config.md, "Linux mount options", `idmap`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owners {
    /// Whether mounts below are meant too.
    pub recursive: bool,
    /// Maps of user and of group ids; none is the container's user namespace.
    pub maps: Option<(Vec<IdMapping>, Vec<IdMapping>)>,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountSource {
    /// A file or folder of the host.
    Bind {
        /// Its path.
        path: PathBuf,
        /// With the mounts below it.
        recursive: bool,
    },
    /// A file system of its own.
    FileSystem {
        /// Its type.
        kind: String,
        /// Its device, or what stands for it.
        device: String,
    },
    /// The container's own cgroups.
    Cgroups,
    /// What is mounted there already: only its attributes change.
    Mounted,
}

impl MountPlan {
    /// The words by which errors call it.
    pub fn name(&self) -> String {
        match &self.source {
            MountSource::Bind { path, .. } => path.display().to_string(),
            MountSource::FileSystem { kind, .. } => kind.clone(),
            MountSource::Cgroups => "cgroup".to_owned(),
            MountSource::Mounted => "remount".to_owned(),
        }
    }

    /// Whether its files have no labels of their own: a file system that is made for the container, but for those whose
    /// files are the kernel's.
    fn takes_label(&self) -> bool {
        matches!(&self.source, MountSource::FileSystem { kind, .. }
            if !matches!(kind.as_str(), "proc" | "sysfs" | "mqueue"))
    }

    /// Whether it must lie on a real folder, not behind a link (flaw row 7).
    pub fn needs_plain_folder(&self) -> bool {
        matches!(&self.source, MountSource::FileSystem { kind, .. } if kind == "proc" || kind == "sysfs")
    }
}

/// Plans the mounts; relative sources are relative to the bundle.
pub fn plan(mounts: &[Mount], bundle: &Path, label: &str) -> Result<Vec<MountPlan>> {
    let mut plans: Vec<MountPlan> = mounts.iter().map(|mount| one(mount, bundle)).collect::<Result<_>>()?;
    plans.iter_mut().filter(|plan| plan.takes_label()).for_each(|plan| plan.label = label.to_owned());
    Ok(plans)
}

fn one(mount: &Mount, bundle: &Path) -> Result<MountPlan> {
    let fault = |reason: String| Error::Spec(format!("mount at {:?}: {reason}", mount.destination));
    if mount.destination.is_empty() || mount.destination.contains('\0') {
        return Err(fault("the destination is no path".to_owned()));
    }
    let destination = clean(Path::new(&mount.destination));
    let options = Options::parse(&mount.options);
    let source = match (&options.bind, mount.kind.as_str()) {
        _ if options.remount => MountSource::Mounted,
        (Some(bind), _) => bound(mount, bundle, *bind),
        (None, "bind") => bound(mount, bundle, Reach::One),
        (None, "cgroup" | "cgroup2") => MountSource::Cgroups,
        (None, "") => return Err(fault("it has no type".to_owned())),
        (None, kind) => MountSource::FileSystem { kind: kind.to_owned(), device: device(mount) },
    };
    if options.remount && !options.parameters.is_empty() {
        return Err(fault("a remount changes no parameters of a file system".to_owned()));
    }
    let owners = owners(mount, &options).map_err(|reason| fault(reason.to_owned()))?;
    if owners.is_some() && !matches!(source, MountSource::Bind { .. }) {
        return Err(fault("only the owners of a bind mount can be mapped".to_owned()));
    }
    if options.copy_up && !matches!(&source, MountSource::FileSystem { kind, .. } if kind == "tmpfs") {
        return Err(fault("tmpcopyup is for tmpfs".to_owned()));
    }
    let plan = MountPlan { destination, source, options, owners, label: String::new() };
    if !may_be_at(&plan) {
        return Err(fault("it cannot be mounted because it is inside /proc".to_owned()));
    }
    Ok(plan)
}

fn owners(mount: &Mount, options: &Options) -> Result<Option<Owners>, &'static str> {
    let recursive = options.idmap == Some(Reach::Recursive);
    match (mount.uid_mappings.is_empty(), mount.gid_mappings.is_empty()) {
        (true, true) if options.idmap.is_none() => Ok(None),
        (true, true) => Ok(Some(Owners { recursive, maps: None })),
        (false, false) => {
            Ok(Some(Owners { recursive, maps: Some((mount.uid_mappings.clone(), mount.gid_mappings.clone())) }))
        }
        _ => Err("uidMappings and gidMappings go together"),
    }
}

fn bound(mount: &Mount, bundle: &Path, bind: Reach) -> MountSource {
    MountSource::Bind { path: bundle.join(&mount.source), recursive: bind == Reach::Recursive }
}

fn device(mount: &Mount) -> String {
    if mount.source.is_empty() { mount.kind.clone() } else { mount.source.clone() }
}

/// Absolute, without `.` and `..`, which cannot lead above the root.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::from("/");
    for part in path.components() {
        match part {
            Component::Normal(name) => clean.push(name),
            Component::ParentDir => {
                clean.pop();
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    clean
}

/// Files of `/proc` that may be covered: what lxcfs and the like replace.
const COVERABLE: &[&str] = &[
    "/proc/cpuinfo",
    "/proc/diskstats",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/swaps",
    "/proc/uptime",
    "/proc/loadavg",
    "/proc/slabinfo",
    "/proc/sys/kernel/ns_last_pid",
    "/proc/sys/crypto/fips_enabled",
];

/// Nothing may be mounted inside `/proc` but the files above, and on `/proc` itself only procfs (flaw row 6).
fn may_be_at(plan: &MountPlan) -> bool {
    let proc = Path::new("/proc");
    if plan.destination == proc {
        let is_proc = |source: &MountSource| match source {
            MountSource::FileSystem { kind, .. } => kind == "proc",
            MountSource::Bind { path, .. } => path == proc,
            MountSource::Cgroups => false,
            MountSource::Mounted => true,
        };
        return is_proc(&plan.source);
    }
    !plan.destination.starts_with(proc) || COVERABLE.iter().any(|file| plan.destination == Path::new(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(destination: &str, kind: &str, source: &str, options: &[&str]) -> Mount {
        Mount {
            destination: destination.into(),
            kind: kind.into(),
            source: source.into(),
            options: options.iter().map(|o| (*o).to_owned()).collect(),
            ..Mount::default()
        }
    }

    #[test]
    fn proc_can_be_covered_by_nothing_but_proc() {
        let bundle = Path::new("/b");
        assert!(one(&mount("/proc", "proc", "proc", &[]), bundle).is_ok());
        assert!(one(&mount("/proc/uptime", "bind", "/x", &["bind"]), bundle).is_ok());
        for bad in ["/proc", "/proc/self/attr", "/a/../proc/sys", "proc/1"] {
            assert!(one(&mount(bad, "tmpfs", "tmpfs", &[]), bundle).is_err(), "{bad}");
            assert!(one(&mount(bad, "bind", "/x", &["rbind"]), bundle).is_err(), "{bad}");
        }
    }

    #[test]
    fn relative_sources_are_in_the_bundle() {
        let plan = one(&mount("/a/./b/../c", "", "data", &["rbind", "ro"]), Path::new("/b")).unwrap();
        assert_eq!(plan.destination, Path::new("/a/c"));
        assert_eq!(plan.source, MountSource::Bind { path: "/b/data".into(), recursive: true });
    }
}
