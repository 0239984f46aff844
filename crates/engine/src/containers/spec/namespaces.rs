//! Which namespaces are made, joined or shared with the host.

use knarr_api::container::HostConfig;
use knarr_spec::{Namespace, NamespaceKind};

use super::Facts;

/// A kind that is not listed is the host's.
pub(super) fn plan(host: &HostConfig, facts: &Facts) -> Vec<Namespace> {
    let mut all = vec![fresh(NamespaceKind::Mount)];
    if let Some(path) = &facts.network {
        all.push(Namespace { kind: NamespaceKind::Network, path: path.clone() });
    }
    let modes = [
        (NamespaceKind::Uts, host.uts_mode.as_str()),
        (NamespaceKind::Pid, &host.pid_mode),
        (NamespaceKind::Ipc, &host.ipc_mode),
        (NamespaceKind::Cgroup, &host.cgroupns_mode),
    ];
    for (kind, mode) in modes {
        match facts.joined.iter().find(|(joined, _)| *joined == kind) {
            Some((_, path)) => all.push(Namespace { kind, path: path.clone() }),
            None if mode == "host" => {}
            None => all.push(fresh(kind)),
        }
    }
    all
}

fn fresh(kind: NamespaceKind) -> Namespace {
    Namespace { kind, path: String::new() }
}
