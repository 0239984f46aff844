//! From a document to a plan: everything that can be decided, and refused, without touching the system.

mod hooks;
mod memory_policy;
mod mounts;
mod namespaces;
mod net_devices;
mod numbers;
mod process;
mod sysctl;

use std::path::{Path, PathBuf};

use knarr_model::Snapshot;
use knarr_mounts::Propagation;
use knarr_spec::{Device, DeviceRule, Linux, Spec};

pub use memory_policy::{MemoryPolicy, flags as memory_policy_flags, modes as memory_policy_modes};
pub use mounts::{MountPlan, MountSource, Owners};
pub use namespaces::{Namespaces, flag as namespace_flag};
pub use net_devices::NetDevicePlan;
pub use process::ProcessPlan;

use crate::{Error, Result};

/// The annotation by which the engine asks for an init process that forwards signals and reaps.
pub const INIT_ANNOTATION: &str = "dev.knarr.init";

/// Everything that making a container will do, in order, as plain data.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Namespaces to make and to join.
    pub namespaces: Namespaces,
    /// The root file system.
    pub root: RootPlan,
    /// Mounts below the root, in order.
    pub mounts: Vec<MountPlan>,
    /// Device nodes below a new `/dev`; none where `/dev` is bound from the host.
    pub devices: Option<Vec<Device>>,
    /// Paths that get an empty file or folder over them.
    pub masked: Vec<PathBuf>,
    /// Paths that become read-only.
    pub read_only: Vec<PathBuf>,
    /// Host name, empty to leave it.
    pub hostname: String,
    /// Domain name, empty to leave it.
    pub domainname: String,
    /// Files below `/proc/sys` and what to write to them.
    pub sysctls: Vec<(PathBuf, String)>,
    /// Memory policy.
    pub memory_policy: Option<MemoryPolicy>,
    /// Network devices to move.
    pub net_devices: Vec<NetDevicePlan>,
    /// `personality(2)` domain.
    pub personality: Option<u64>,
    /// The first process.
    pub process: ProcessPlan,
    /// Whether the first process is ours: it forwards signals to the user's program and reaps.
    pub init: bool,
}

/// The root file system.
#[derive(Debug, Clone, PartialEq)]
pub struct RootPlan {
    /// Where it comes from.
    pub source: RootSource,
    /// Whether the container sees it read-only.
    pub read_only: bool,
    /// Propagation of the whole mount namespace before anything is mounted.
    pub propagation: (Propagation, bool),
    /// Propagation of the root at the end, where the document asks for one.
    pub last_propagation: Option<(Propagation, bool)>,
}

/// Where a root file system comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum RootSource {
    /// A folder of the host.
    Folder(PathBuf),
    /// Layers to be mounted for this container only.
    Snapshot(Snapshot),
}

impl Plan {
    /// Plans a container from its document. `bundle` is what relative paths are relative to; a snapshot takes the place
    /// of the document's root.
    pub fn new(spec: &Spec, bundle: &Path, snapshot: Option<Snapshot>) -> Result<Self> {
        let none = Linux::default();
        let linux = spec.linux.as_ref().unwrap_or(&none);
        let namespaces = Namespaces::plan(linux)?;
        let process = spec.process.as_ref().ok_or_else(|| Error::Spec("process must be set".to_owned()))?;
        let mounts = mounts::plan(&spec.mounts, bundle, &linux.mount_label)?;
        let maps_as_container = |mount: &MountPlan| mount.owners.as_ref().is_some_and(|owners| owners.maps.is_none());
        if mounts.iter().any(maps_as_container) && !namespaces.has(knarr_spec::NamespaceKind::User) {
            return Err(Error::Spec("an idmap mount without maps needs a user namespace".to_owned()));
        }
        if snapshot.is_some() && namespaces.joins(knarr_spec::NamespaceKind::Mount) {
            return Err(Error::Spec("a snapshot needs a mount namespace of its own".to_owned()));
        }
        check_uts(spec, &namespaces)?;
        hooks::check(spec.hooks.as_ref())?;
        Ok(Self {
            root: root(spec, linux, bundle, snapshot)?,
            devices: devices(linux, &mounts)?,
            masked: absolute_paths(&linux.masked_paths, "maskedPaths")?,
            read_only: absolute_paths(&linux.readonly_paths, "readonlyPaths")?,
            hostname: spec.hostname.clone(),
            domainname: spec.domainname.clone(),
            sysctls: sysctl::plan(&linux.sysctl, &namespaces)?,
            memory_policy: linux.memory_policy.as_ref().map(MemoryPolicy::plan).transpose()?,
            net_devices: net_devices::plan(&linux.net_devices, &namespaces)?,
            personality: personality(linux)?,
            process: ProcessPlan::new(process)?,
            init: spec.annotations.get(INIT_ANNOTATION).is_some_and(|value| value == "true"),
            namespaces,
            mounts,
        })
    }
}

fn root(spec: &Spec, linux: &Linux, bundle: &Path, snapshot: Option<Snapshot>) -> Result<RootPlan> {
    let read_only = spec.root.as_ref().is_some_and(|root| root.readonly);
    let source = match (snapshot, &spec.root) {
        (Some(snapshot), _) => RootSource::Snapshot(snapshot),
        (None, Some(root)) if !root.path.is_empty() => RootSource::Folder(bundle.join(&root.path)),
        (None, _) => return Err(Error::Spec("root.path must be set".to_owned())),
    };
    let asked = match linux.rootfs_propagation.as_str() {
        "" => None,
        text => Some(Propagation::parse(text).ok_or_else(|| Error::Spec(format!("rootfsPropagation {text:?}")))?),
    };
    // As with runc: events of the host arrive unless more or less is asked for; none ever leaves without being asked.
    Ok(RootPlan {
        source,
        read_only,
        propagation: match asked {
            None => (Propagation::Slave, true),
            // An unbindable tree could not become the root.
            Some((Propagation::Unbindable, _)) => (Propagation::Private, true),
            Some(asked) => asked,
        },
        last_propagation: asked,
    })
}

fn check_uts(spec: &Spec, namespaces: &Namespaces) -> Result<()> {
    let named = !spec.hostname.is_empty() || !spec.domainname.is_empty();
    if named && !namespaces.has(knarr_spec::NamespaceKind::Uts) {
        return Err(Error::Spec("unable to set hostname without a private UTS namespace".to_owned()));
    }
    for name in [&spec.hostname, &spec.domainname] {
        if name.len() > 64 || name.bytes().any(|b| b == 0 || b == b'/' || b.is_ascii_control()) {
            return Err(Error::Spec(format!("{name:?} is no host name")));
        }
    }
    Ok(())
}

/// The nodes that every container has (config-linux.md, "Default Devices"), then the document's own.
fn devices(linux: &Linux, mounts: &[MountPlan]) -> Result<Option<Vec<Device>>> {
    let bound =
        |mount: &MountPlan| mount.destination == Path::new("/dev") && matches!(mount.source, MountSource::Bind { .. });
    if mounts.iter().any(bound) {
        return Ok(None);
    }
    let mut devices: Vec<Device> = DEFAULT_DEVICES
        .iter()
        .map(|(name, major, minor)| Device {
            kind: "c".to_owned(),
            path: format!("/dev/{name}"),
            major: *major,
            minor: *minor,
            ..Device::default()
        })
        .collect();
    for device in &linux.devices {
        if !matches!(device.kind.as_str(), "c" | "b" | "u" | "p") {
            return Err(Error::Spec(format!("device {} has the unknown type {:?}", device.path, device.kind)));
        }
        absolute(&device.path, "a device")?;
        devices.retain(|known| known.path != device.path);
        devices.push(device.clone());
    }
    Ok(Some(devices))
}

/// The rules by which the nodes of the document can be made; whether they can be opened is for its own rules to say.
pub fn rules_to_make(devices: &[Device]) -> impl Iterator<Item = DeviceRule> + '_ {
    devices.iter().filter(|device| device.kind != "p").map(|device| DeviceRule {
        allow: true,
        kind: device.kind.clone(),
        major: Some(device.major),
        minor: Some(device.minor),
        access: "m".to_owned(),
    })
}

/// Whether every container has a device at this path.
pub fn is_default_device(path: &Path) -> bool {
    DEFAULT_DEVICES.iter().any(|(name, ..)| Path::new("/dev").join(name) == path)
}

const DEFAULT_DEVICES: &[(&str, i64, i64)] =
    &[("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];

fn personality(linux: &Linux) -> Result<Option<u64>> {
    let Some(personality) = &linux.personality else { return Ok(None) };
    match personality.domain.as_str() {
        "LINUX" => Ok(Some(knarr_sys::process::PER_LINUX)),
        "LINUX32" => Ok(Some(knarr_sys::process::PER_LINUX32)),
        other => Err(Error::Spec(format!("personality domain {other:?}"))),
    }
}

fn absolute_paths(paths: &[String], what: &str) -> Result<Vec<PathBuf>> {
    paths.iter().map(|path| absolute(path, what)).collect()
}

/// A path of the container: absolute, without `..`.
fn absolute(path: &str, what: &str) -> Result<PathBuf> {
    let parsed = PathBuf::from(path);
    let dots = parsed.components().any(|part| part == std::path::Component::ParentDir);
    if parsed.is_absolute() && !dots && !path.contains('\0') {
        Ok(parsed)
    } else {
        Err(Error::Spec(format!("the path {path:?} of {what} must be absolute and without ..")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Result<Plan> {
        let spec: Spec = serde_json::from_str(text).unwrap();
        Plan::new(&spec, Path::new("/bundle"), None)
    }

    const PROCESS: &str = r#""process":{"cwd":"/","args":["sh"]},"root":{"path":"rootfs","readonly":true}"#;

    #[test]
    fn a_small_document_becomes_a_plan() {
        let text = format!(r#"{{{PROCESS},"linux":{{"namespaces":[{{"type":"mount"}},{{"type":"pid"}}]}}}}"#);
        let plan = plan(&text).unwrap();
        assert_eq!(plan.root.source, RootSource::Folder("/bundle/rootfs".into()));
        assert!(plan.root.read_only);
        assert_eq!(plan.devices.unwrap().len(), DEFAULT_DEVICES.len());
        assert!(!plan.init);
    }

    #[test]
    fn what_cannot_be_done_is_refused_before_anything_is_touched() {
        let mount = r#""namespaces":[{"type":"mount"}]"#;
        for linux in [
            r#""namespaces":[]"#.to_owned(),
            format!(r#"{mount},"maskedPaths":["relative"]"#),
            format!(r#"{mount},"readonlyPaths":["/proc/../etc"]"#),
            format!(r#"{mount},"rootfsPropagation":"sideways""#),
            format!(r#"{mount},"sysctl":{{"kernel.panic":"1"}}"#),
            format!(r#"{mount},"sysctl":{{"net.ipv4.ip_forward":"1"}}"#),
            format!(r#"{mount},"devices":[{{"type":"x","path":"/dev/x"}}]"#),
            format!(r#"{mount},"personality":{{"domain":"BSD"}}"#),
        ] {
            assert!(plan(&format!("{{{PROCESS},\"linux\":{{{linux}}}}}")).is_err(), "{linux}");
        }
        assert!(plan(&format!("{{{PROCESS},\"hostname\":\"x\",\"linux\":{{{mount}}}}}")).is_err());
    }
}
