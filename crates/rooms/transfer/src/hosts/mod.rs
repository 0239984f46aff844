//! How registries are reached: address, mirrors, trust (docs/formats/hosts.md).

mod folder;
mod table;

use std::path::PathBuf;

use crate::reach::is_loopback;

pub(crate) use table::{Endpoint, Table, Tls};

/// The caller's configuration of registries.
#[derive(Debug, Clone, Default)]
pub struct Hosts {
    /// `host[:port]` of registries that may be spoken to without TLS. Loopback ones always may.
    pub insecure: Vec<String>,
    /// PEM files of certificate authorities, trusted besides the system's.
    pub ca_files: Vec<PathBuf>,
    /// Addresses of mirrors of Docker Hub, in the order in which they are asked.
    pub mirrors: Vec<String>,
    /// Folders with a folder for each registry. A registry's folder is taken from the first that has one.
    pub folders: Vec<PathBuf>,
}

impl Hosts {
    /// Whether plain HTTP may be used for this registry.
    fn allows_plain(&self, domain: &str) -> bool {
        is_loopback(host_of(domain)) || self.insecure.iter().any(|listed| listed == domain || listed == host_of(domain))
    }
}

/// The registry that an address is for, as people and docker's configuration write them: `https://index.docker.io/v1/` is
/// `docker.io`, and so is nothing.
pub fn registry_of(address: &str) -> &str {
    let bare = address.trim_start_matches("https://").trim_start_matches("http://");
    match bare.split('/').next().unwrap_or("") {
        "" | "index.docker.io" | "registry-1.docker.io" => "docker.io",
        host => host,
    }
}

/// The host of `host[:port]`, brackets of an IPv6 address included.
pub(crate) fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !port.is_empty() => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_registries() {
        for hub in ["", "https://index.docker.io/v1/", "docker.io", "registry-1.docker.io"] {
            assert_eq!(registry_of(hub), "docker.io", "{hub}");
        }
        assert_eq!(registry_of("https://r.example:5000/v2/"), "r.example:5000");
    }

    #[test]
    fn plain_http_is_for_loopback_and_listed_registries() {
        let hosts = Hosts { insecure: vec!["lab:5000".into(), "old.example".into()], ..Hosts::default() };
        for plain in ["localhost", "localhost:5000", "127.0.0.1:5000", "[::1]:5000", "lab:5000", "old.example:80"] {
            assert!(hosts.allows_plain(plain), "{plain}");
        }
        for tls in ["docker.io", "lab:5001", "lab", "127.0.0.1.example:5000", "localhost.example"] {
            assert!(!hosts.allows_plain(tls), "{tls}");
        }
    }
}
