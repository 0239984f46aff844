//! Kernel parameters: only those that belong to a namespace of the container.

use std::collections::BTreeMap;
use std::path::PathBuf;

use knarr_spec::NamespaceKind;

use super::Namespaces;
use crate::{Error, Result};

/// Parameters of an IPC namespace (ipc_namespaces(7)).
const IPC: &[&str] = &[
    "kernel/auto_msgmni",
    "kernel/msgmax",
    "kernel/msgmnb",
    "kernel/msgmni",
    "kernel/sem",
    "kernel/shmall",
    "kernel/shmmax",
    "kernel/shmmni",
    "kernel/shm_rmid_forced",
    "kernel/msg_next_id",
    "kernel/sem_next_id",
    "kernel/shm_next_id",
];

/// The files below `/proc/sys` to write.
pub fn plan(sysctls: &BTreeMap<String, String>, namespaces: &Namespaces) -> Result<Vec<(PathBuf, String)>> {
    let mut planned = Vec::with_capacity(sysctls.len());
    for (name, value) in sysctls {
        let path = path(name);
        let kind = namespace(&path)
            .ok_or_else(|| Error::Spec(format!("sysctl {name:?} is not in a separate kernel namespace")))?;
        if !namespaces.has(kind) {
            return Err(Error::Spec(format!("sysctl {name:?} is not allowed in the hosts {kind:?} namespace")));
        }
        planned.push((path.into(), value.clone()));
    }
    Ok(planned)
}

/// `net.ipv4.conf.eth0/1.x` or `net/ipv4/conf/eth0.1/x`: the separator that comes first is the separator, the other one
/// stands for itself (sysctl.d(5)).
fn path(name: &str) -> String {
    match name.find(['.', '/']) {
        Some(at) if name.as_bytes()[at] == b'.' => name
            .chars()
            .map(|c| {
                if c == '.' {
                    '/'
                } else if c == '/' {
                    '.'
                } else {
                    c
                }
            })
            .collect(),
        _ => name.to_owned(),
    }
}

fn namespace(path: &str) -> Option<NamespaceKind> {
    if path.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
        return None;
    }
    match path {
        "kernel/hostname" | "kernel/domainname" => Some(NamespaceKind::Uts),
        _ if IPC.contains(&path) || path.starts_with("fs/mqueue/") => Some(NamespaceKind::Ipc),
        _ if path.starts_with("net/") => Some(NamespaceKind::Network),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_and_slashes_change_places_when_a_dot_comes_first() {
        assert_eq!(path("net.ipv4.conf.eth0/100.forwarding"), "net/ipv4/conf/eth0.100/forwarding");
        assert_eq!(path("net/ipv4/conf/eth0.100/forwarding"), "net/ipv4/conf/eth0.100/forwarding");
    }

    #[test]
    fn a_path_cannot_leave() {
        assert_eq!(namespace("net/../kernel/core_pattern"), None);
        assert_eq!(namespace("kernel/core_pattern"), None);
        assert_eq!(namespace("net/core/somaxconn"), Some(NamespaceKind::Network));
    }
}
