//! The OCI runtime specification's documents, version 1.2: `config.json` as [`Spec`], a container's state as [`State`].
//!
//! ```text
//! Spec ─ Process ─ User, Capabilities, Rlimit, Scheduler, IoPriority, …
//!      ├ Root, Mount, Hooks
//!      └ Linux ─ Namespace, IdMapping, Device, Resources (resources.rs), Seccomp (seccomp.rs)
//! ```
//!
//! Invariants: field names are the specification's to the letter; unknown fields are ignored; `null` and a missing list
//! or map read as empty; nothing here touches the system.
#![forbid(unsafe_code)]

mod linux;
mod process;
mod resources;
mod seccomp;
mod state;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

pub use linux::{
    Device, IdMapping, IntelRdt, Linux, MemoryPolicy, Namespace, NamespaceKind, NetDevice, Personality, TimeOffset,
};
pub use process::{Capabilities, ConsoleSize, CpuAffinity, IoPriority, Process, Rlimit, Scheduler, User};
pub use resources::{
    BlockIo, Cpu, DeviceRule, HugepageLimit, InterfacePriority, LinuxResources, Memory, Network, Pids, Rdma,
    ThrottleDevice, WeightDevice,
};
pub use seccomp::{Seccomp, SeccompArg, Syscall};
pub use state::{State, Status};

/// The version of the specification that these types follow.
pub const VERSION: &str = "1.2.0";

/// A bundle's `config.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    /// The version of the specification that the document follows.
    pub oci_version: String,
    /// The container's first process; a container without one can be created, not started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<Process>,
    /// The root file system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<Root>,
    /// Host name in the UTS namespace.
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "nullable")]
    pub hostname: String,
    /// NIS domain name in the UTS namespace.
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "nullable")]
    pub domainname: String,
    /// Mounts beyond the root, in order.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub mounts: Vec<Mount>,
    /// Programs to run at points of the life cycle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hooks: Option<Hooks>,
    /// Free annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "nullable")]
    pub annotations: BTreeMap<String, String>,
    /// What only Linux has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linux: Option<Linux>,
}

/// The root file system (config.md, "Root").
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Root {
    /// Absolute, or relative to the bundle.
    pub path: String,
    /// Whether the container sees it read-only.
    #[serde(skip_serializing_if = "is_false", deserialize_with = "nullable")]
    pub readonly: bool,
}

/// A mount (config.md, "Mounts").
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Mount {
    /// Absolute path inside the container.
    pub destination: String,
    /// File system type; `bind` and nothing for bind mounts.
    #[serde(rename = "type", skip_serializing_if = "String::is_empty", deserialize_with = "nullable")]
    pub kind: String,
    /// A device, a path (relative to the bundle), or a dummy.
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "nullable")]
    pub source: String,
    /// mount(8) options.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub options: Vec<String>,
    /// For idmapped mounts.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub uid_mappings: Vec<IdMapping>,
    /// For idmapped mounts.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub gid_mappings: Vec<IdMapping>,
}

/// Programs to run at points of the life cycle (config.md, "POSIX-platform Hooks").
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Hooks {
    /// Deprecated; after the namespaces exist, before pivot_root, in the runtime's namespaces.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub prestart: Vec<Hook>,
    /// After the namespaces exist, before pivot_root, in the runtime's namespaces.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub create_runtime: Vec<Hook>,
    /// Before pivot_root, in the container's namespaces.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub create_container: Vec<Hook>,
    /// Before the user's program, in the container's namespaces.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub start_container: Vec<Hook>,
    /// After the user's program was started, in the runtime's namespaces.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub poststart: Vec<Hook>,
    /// After the container was deleted, in the runtime's namespaces.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub poststop: Vec<Hook>,
}

/// One hook.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Hook {
    /// Absolute path of the program.
    pub path: String,
    /// Its arguments, the name first.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub args: Vec<String>,
    /// Its environment.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub env: Vec<String>,
    /// Seconds before it is killed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<i64>,
}

/// Reads `null` as the default value.
pub(crate) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

pub(crate) fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_lists_read_as_empty_and_unknown_fields_are_ignored() {
        let text = r#"{"ociVersion":"1.0.2-dev","mounts":null,"annotations":null,"hooks":{"prestart":null},
            "process":{"args":null,"env":null,"cwd":"/","user":{"uid":1,"gid":2,"additionalGids":null},"rlimits":null},
            "linux":{"namespaces":[{"type":"pid"}],"seccomp":null,"maskedPaths":null,"resources":{"devices":null}},"vm":{"x":1}}"#;
        let spec: Spec = serde_json::from_str(text).unwrap();
        assert!(spec.mounts.is_empty());
        assert_eq!(spec.process.unwrap().user.gid, 2);
        assert_eq!(spec.linux.unwrap().namespaces[0].kind, NamespaceKind::Pid);
    }

    #[test]
    fn names_are_those_of_the_specification() {
        let spec = Spec {
            oci_version: VERSION.into(),
            process: Some(Process { no_new_privileges: true, oom_score_adj: Some(5), ..Process::default() }),
            linux: Some(Linux { cgroups_path: "/a".into(), rootfs_propagation: "rslave".into(), ..Linux::default() }),
            ..Spec::default()
        };
        let value = serde_json::to_value(&spec).unwrap();
        assert_eq!(value["ociVersion"], VERSION);
        assert_eq!(value["process"]["noNewPrivileges"], true);
        assert_eq!(value["process"]["oomScoreAdj"], 5);
        assert_eq!(value["linux"]["cgroupsPath"], "/a");
        assert_eq!(value["linux"]["rootfsPropagation"], "rslave");
    }
}
