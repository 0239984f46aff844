//! `info`.

use serde_json::{Value, json};

use super::host;
use crate::containers::Status;
use crate::{Engine, Live, Timestamp};

/// How many of each thing there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Containers in all states.
    pub containers: usize,
    /// Running ones.
    pub running: usize,
    /// Paused ones.
    pub paused: usize,
    /// Created, exited and dead ones.
    pub stopped: usize,
    /// Images.
    pub images: usize,
}

impl Engine {
    /// `GET /info`.
    pub fn info(&self) -> Value {
        let totals = self.totals();
        let mut info = self.host_info();
        let live = self.live.load();
        let commit = json!({"ID": "", "Expected": ""});
        let own = json!({
            "ID": self.id,
            "Containers": totals.containers, "ContainersRunning": totals.running,
            "ContainersPaused": totals.paused, "ContainersStopped": totals.stopped,
            "Images": totals.images,
            "Driver": "overlay2", "DriverStatus": [["Backing", "overlayfs, new mount API"]],
            "DockerRootDir": self.config.data_root, "ServerVersion": Self::VERSION, "Labels": live.labels,
            "LoggingDriver": "json-file", "CgroupDriver": "cgroupfs", "CgroupVersion": host::cgroup_version(),
            "NEventsListener": self.events.listeners(), "SystemTime": Timestamp::now(),
            "Plugins": {"Volume": ["local"], "Network": ["bridge", "host", "none"], "Authorization": null, "Log": ["json-file", "local", "none"]},
            "RegistryConfig": registry_info(&live), "Debug": live.debug,
            "DefaultRuntime": "knarr", "Runtimes": {"knarr": {"path": "knarr runtime"}}, "LiveRestoreEnabled": true,
            "Swarm": {"LocalNodeState": "inactive", "ControlAvailable": false, "NodeID": "", "NodeAddr": "", "Error": "", "RemoteManagers": null},
            "IndexServerAddress": "https://index.docker.io/v1/", "ExperimentalBuild": false, "InitBinary": "knarr",
            "SecurityOptions": ["name=seccomp,profile=builtin", "name=cgroupns"], "Warnings": null,
            "ContainerdCommit": commit, "RuncCommit": commit, "InitCommit": commit,
            "GenericResources": null, "Isolation": "", "CDISpecDirs": [],
        });
        if let (Value::Object(info), Value::Object(own)) = (&mut info, own) {
            info.extend(own);
        }
        info
    }

    fn host_info(&self) -> Value {
        json!({
            "Name": host::name(), "OSType": "linux", "Architecture": host::machine(), "KernelVersion": host::kernel_release(),
            "OperatingSystem": host::operating_system(), "OSVersion": host::os_version(),
            "NCPU": host::processors(), "MemTotal": host::memory(),
            "MemoryLimit": true, "SwapLimit": true, "KernelMemoryTCP": host::cgroup_version() == "1", "CpuCfsPeriod": true, "CpuCfsQuota": true, "CPUShares": true,
            "CPUSet": true, "PidsLimit": true, "OomKillDisable": host::cgroup_version() == "1",
            "IPv4Forwarding": true, "BridgeNfIptables": false, "BridgeNfIp6tables": false,
            "NFd": std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count),
            "NGoroutines": 0, "HttpProxy": "", "HttpsProxy": "", "NoProxy": "",
        })
    }

    fn totals(&self) -> Totals {
        let mut totals = Totals { images: self.images.list().map_or(0, |images| images.len()), ..Totals::default() };
        for container in self.containers.all() {
            totals.containers += 1;
            match container.view().state.status {
                Status::Running => totals.running += 1,
                Status::Paused => totals.paused += 1,
                _ => totals.stopped += 1,
            }
        }
        totals
    }
}

fn registry_info(live: &Live) -> Value {
    let mirrors = |name: &str| if name == "docker.io" { live.registry_mirrors.as_slice() } else { &[] };
    let index = |name: &str, secure: bool| json!({"Name": name, "Mirrors": mirrors(name), "Secure": secure, "Official": name == "docker.io"});
    let mut indexes = serde_json::Map::new();
    indexes.insert("docker.io".into(), index("docker.io", true));
    for name in &live.insecure_registries {
        indexes.insert(name.clone(), index(name, false));
    }
    json!({
        "AllowNondistributableArtifactsCIDRs": null, "AllowNondistributableArtifactsHostnames": null,
        "InsecureRegistryCIDRs": ["127.0.0.0/8", "::1/128"], "IndexConfigs": indexes,
        "Mirrors": (!live.registry_mirrors.is_empty()).then_some(&live.registry_mirrors),
    })
}
