//! What a container gets, read off its plan.

use std::sync::Arc;

use knarr_api::Words;
use knarr_api::container::{Config, HostConfig};
use knarr_model::ContainerId;
use knarr_spec::{NamespaceKind, Spec};

use super::*;
use crate::Timestamp;
use crate::containers::record::{MountRecord, MountSource, State};

pub(super) fn record(host: HostConfig) -> Record {
    let cmd = Some(Words(vec!["/bin/true".into()]));
    Record {
        id: ContainerId::random(),
        name: "web".into(),
        created: Timestamp::NEVER,
        image_id: String::new(),
        layer: None,
        config: Arc::new(Config { cmd, hostname: "box".into(), env: vec!["A=1".into()], ..Config::default() }),
        host: Arc::new(HostConfig { shm_size: 64 << 20, ..host }),
        mounts: Arc::default(),
        wishes: Arc::default(),
        of_build: false,
        state: State::default(),
        endpoints: Default::default(),
        ports: Default::default(),
    }
}

pub(super) fn facts() -> Facts {
    Facts {
        identity: Identity { home: "/root".into(), ..Identity::default() },
        network: Some("/proc/self/fd/5".into()),
        cgroup: "/knarr/x".into(),
        capabilities: CAPABILITIES
            .iter()
            .filter(|name| **name != "CAP_SYS_RESOURCE")
            .map(|n| (*n).to_owned())
            .collect(),
        ..Facts::default()
    }
}

fn spec(host: HostConfig) -> Spec {
    build(&record(host), &facts()).unwrap()
}

fn bounding(spec: &Spec) -> Vec<String> {
    spec.process.as_ref().unwrap().capabilities.as_ref().unwrap().bounding.clone()
}

#[test]
fn the_default_is_the_tightened_sandbox() {
    let spec = spec(HostConfig::default());
    let process = spec.process.as_ref().unwrap();
    let capabilities = process.capabilities.as_ref().unwrap();
    assert_eq!(capabilities.bounding.len(), 12);
    assert!(capabilities.inheritable.is_empty() && capabilities.ambient.is_empty());
    assert!(!bounding(&spec).contains(&"CAP_MKNOD".to_owned()));
    assert_eq!(process.env, [DEFAULT_PATH, "HOSTNAME=box", "A=1", "HOME=/root"]);
    assert_eq!(process.rlimits[0].kind, "RLIMIT_CORE");
    let linux = spec.linux.as_ref().unwrap();
    assert_eq!(linux.masked_paths.len(), 12);
    assert_eq!(linux.readonly_paths.len(), 5);
    let resources = linux.resources.as_ref().unwrap();
    assert!(!resources.devices[0].allow && resources.devices[0].kind == "a");
    assert_eq!(resources.pids.as_ref().unwrap().limit, 4096);
}

use crate::containers::create::DEFAULT_PATH;

#[test]
fn each_namespace_is_its_own_unless_shared() {
    let kinds = |spec: Spec| spec.linux.unwrap().namespaces.into_iter().map(|n| n.kind).collect::<Vec<_>>();
    use NamespaceKind::{Cgroup, Ipc, Mount, Network, Pid, Uts};
    assert_eq!(kinds(spec(HostConfig::default())), [Mount, Network, Uts, Pid, Ipc, Cgroup]);
    let host = HostConfig { pid_mode: "host".into(), uts_mode: "host".into(), ..HostConfig::default() };
    assert_eq!(kinds(spec(host)), [Mount, Network, Ipc, Cgroup]);
}

#[test]
fn the_common_default_has_fourteen_capabilities() {
    let compat = Facts { compat_docker: true, ..facts() };
    let spec = build(&record(HostConfig::default()), &compat).unwrap();
    assert_eq!(bounding(&spec).len(), 14);
}

#[test]
fn capabilities_are_added_and_dropped() {
    let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let with = |add: &[&str], drop: &[&str]| {
        bounding(&spec(HostConfig { cap_add: list(add), cap_drop: list(drop), ..HostConfig::default() }))
    };
    assert_eq!(with(&["net_admin"], &["ALL"]), ["CAP_NET_ADMIN"]);
    assert_eq!(with(&["ALL"], &["CAP_SYS_ADMIN"]).len(), 39);
    assert!(!with(&[], &["CHOWN"]).contains(&"CAP_CHOWN".to_owned()));
    let wrong = record(HostConfig { cap_add: list(&["NOPE"]), ..HostConfig::default() });
    assert!(build(&wrong, &facts()).is_err());
}

#[test]
fn a_privileged_container_has_all_that_the_host_has_to_give() {
    let spec = spec(HostConfig { privileged: true, ..HostConfig::default() });
    assert_eq!(bounding(&spec).len(), 40);
    let linux = spec.linux.unwrap();
    assert!(linux.masked_paths.is_empty() && linux.seccomp.is_none());
    assert!(linux.resources.unwrap().devices[0].allow);
    assert!(spec.mounts.iter().all(|mount| !mount.options.contains(&"ro".to_owned())));
}

#[test]
fn a_user_without_root_gets_a_bounding_set_only() {
    let identity = Identity { uid: 33, gid: 33, ..Identity::default() };
    let spec = build(&record(HostConfig::default()), &Facts { identity, ..facts() }).unwrap();
    let capabilities = spec.process.unwrap().capabilities.unwrap();
    assert!(
        capabilities.effective.is_empty() && capabilities.permitted.is_empty() && !capabilities.bounding.is_empty()
    );
}

#[test]
fn what_the_user_mounts_replaces_a_default() {
    let mount = MountRecord {
        source: MountSource::Bind { path: "/srv".into(), non_recursive: false, create: true },
        destination: "/dev/shm".into(),
        read_only: true,
        propagation: "rslave".into(),
        mode: String::new(),
    };
    let files = vec![("/x/hosts".into(), "/etc/hosts")];
    let mounts = vec![ResolvedMount { record: mount, source: "/srv".into() }];
    let spec = build(&record(HostConfig::default()), &Facts { mounts, files, ..facts() }).unwrap();
    let shm: Vec<_> = spec.mounts.iter().filter(|mount| mount.destination == "/dev/shm").collect();
    assert_eq!(shm.len(), 1);
    assert_eq!(shm[0].options, ["rbind", "ro", "rslave"]);
    assert!(spec.mounts.iter().any(|mount| mount.destination == "/etc/hosts" && mount.source == "/x/hosts"));
    assert_eq!(spec.linux.unwrap().rootfs_propagation, "rslave");
}

#[test]
fn limits_reach_the_cgroup() {
    let host = HostConfig {
        memory: 100,
        memory_swap: 200,
        nano_cpus: 1_500_000_000,
        pids_limit: Some(7),
        ..HostConfig::default()
    };
    let resources = spec(host).linux.unwrap().resources.unwrap();
    let memory = resources.memory.unwrap();
    assert_eq!((memory.limit, memory.swap), (Some(100), Some(200)));
    let cpu = resources.cpu.unwrap();
    assert_eq!((cpu.period, cpu.quota), (Some(100_000), Some(150_000)));
    assert_eq!(resources.pids.unwrap().limit, 7);
}

#[test]
fn unknown_security_options_are_never_taken_for_unconfined() {
    for bad in ["seccomp=", "seccomp=/no/such/file", "apparmor=", "apparmor", "apparmor=a\nb", "nonsense", "compat"] {
        assert!(SecurityOptions::parse(&[bad.to_owned()]).is_err(), "{bad}");
    }
    assert!(SecurityOptions::parse(&["compat=podman".into()]).is_err());
    assert!(SecurityOptions::parse(&["compat=docker".into()]).unwrap().compat_docker);
    assert!(SecurityOptions::parse(&["no-new-privileges".into()]).unwrap().no_new_privileges);
}
