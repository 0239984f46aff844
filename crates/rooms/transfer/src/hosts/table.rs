//! The settings of all registries, read once.

use std::collections::HashMap;
use std::path::PathBuf;

use http::Uri;
use knarr_model::{Fault, Result};

use super::{Hosts, folder};

/// Where a registry, or a mirror of one, is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// As configured; none is found out (`https`, unless plain HTTP is allowed and nothing else answers).
    pub(crate) scheme: Option<&'static str>,
    /// `host[:port]`.
    pub(crate) authority: String,
    /// What comes before a repository's name: `/v2`.
    pub(crate) prefix: String,
    /// Whether it is asked which digest a tag has.
    pub(crate) resolves: bool,
    /// Whether content is fetched from it.
    pub(crate) pulls: bool,
}

/// Whom to believe, and who we are, at one address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tls {
    /// PEM files of certificate authorities.
    pub(crate) ca: Vec<PathBuf>,
    /// PEM files of certificates and their keys, of which the first is shown.
    pub(crate) client: Vec<(PathBuf, PathBuf)>,
    /// Any certificate will do.
    pub(crate) skip_verify: bool,
}

/// What is configured about one registry.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    pub(super) server: Option<Endpoint>,
    pub(super) mirrors: Vec<Endpoint>,
    /// By `host[:port]`.
    pub(super) tls: HashMap<String, Tls>,
}

/// All settings.
#[derive(Debug)]
pub(crate) struct Table {
    hosts: Hosts,
    registries: HashMap<String, Settings>,
    /// Mirrors of registries without a folder of their own.
    default: Vec<Endpoint>,
    tls: HashMap<String, Tls>,
}

impl Table {
    /// Reads the folders. A file that cannot be used is an error that names it.
    pub(crate) fn read(hosts: Hosts) -> Result<Self> {
        let mut table = Self { registries: HashMap::new(), default: Vec::new(), tls: HashMap::new(), hosts };
        for folder in &table.hosts.folders {
            for (registry, settings) in folder::read(folder)? {
                if table.registries.contains_key(&registry) {
                    continue;
                }
                for (authority, tls) in &settings.tls {
                    table.tls.entry(authority.clone()).or_insert_with(|| tls.clone());
                }
                table.registries.insert(registry, settings);
            }
        }
        table.default = table.registries.remove(folder::DEFAULT).map(|found| found.mirrors).unwrap_or_default();
        let hub: Vec<Endpoint> = table.hosts.mirrors.iter().map(|url| Endpoint::parse(url)).collect::<Result<_>>()?;
        let known = table.registries.entry("docker.io".into()).or_default();
        known.mirrors.splice(0..0, hub);
        Ok(table)
    }

    pub(crate) fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// Where the registry itself is. Docker Hub's is not where its name says.
    pub(crate) fn registry(&self, domain: &str) -> Endpoint {
        let configured = self.registries.get(domain).and_then(|settings| settings.server.clone());
        let usual = if domain == "docker.io" { "registry-1.docker.io" } else { domain };
        configured.unwrap_or_else(|| Endpoint::of_authority(usual))
    }

    /// What is asked before the registry itself, in this order.
    pub(crate) fn mirrors(&self, domain: &str) -> &[Endpoint] {
        self.registries.get(domain).map_or(&self.default, |settings| &settings.mirrors)
    }

    /// What is configured about TLS at an address.
    pub(crate) fn tls(&self, authority: &str) -> Option<&Tls> {
        self.tls.get(authority)
    }

    /// Whether plain HTTP may be used at an address.
    pub(crate) fn allows_plain(&self, authority: &str) -> bool {
        self.hosts.allows_plain(authority)
    }
}

impl Endpoint {
    /// The registry at `host[:port]`.
    pub(crate) fn of_authority(authority: &str) -> Self {
        Self { scheme: None, authority: authority.to_owned(), prefix: "/v2".into(), resolves: true, pulls: true }
    }

    /// Reads `[http[s]://]host[:port][/path]`.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let bad = |why: &str| Fault::invalid(format!("invalid address of a registry {url:?}: {why}"));
        let (scheme, rest) = match url.split_once("://") {
            Some(("https", rest)) => (Some("https"), rest),
            Some(("http", rest)) => (Some("http"), rest),
            Some(_) => return Err(bad("it must begin with http:// or https://")),
            None => (None, url),
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let uri: Option<Uri> = format!("http://{authority}/{path}").parse().ok();
        let fits = uri.is_some_and(|uri| uri.host().is_some_and(|host| !host.is_empty()) && uri.query().is_none());
        if !fits || authority.contains('@') {
            return Err(bad("it must be a host, perhaps with a port and a path"));
        }
        let path = path.trim_matches('/');
        let prefix = if path.is_empty() { "/v2".to_owned() } else { format!("/{path}/v2") };
        Ok(Self { scheme, prefix, ..Self::of_authority(authority) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let read = |url: &str| Endpoint::parse(url).map(|e| (e.scheme, e.authority, e.prefix));
        assert_eq!(read("https://m.example:5000/").unwrap(), (Some("https"), "m.example:5000".into(), "/v2".into()));
        assert_eq!(read("http://m/cache/hub").unwrap(), (Some("http"), "m".into(), "/cache/hub/v2".into()));
        assert_eq!(read("m:1").unwrap(), (None, "m:1".into(), "/v2".into()));
        for wrong in ["", "ftp://m", "https://", "https://ann:pw@m", "https://m?x=1", "https://m m"] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn docker_hub_is_elsewhere_and_has_the_mirrors_of_the_flag() {
        let hosts = Hosts { mirrors: vec!["https://one".into(), "http://two:5000".into()], ..Hosts::default() };
        let table = Table::read(hosts).unwrap();
        assert_eq!(table.registry("docker.io").authority, "registry-1.docker.io");
        let mirrors: Vec<&str> = table.mirrors("docker.io").iter().map(|e| e.authority.as_str()).collect();
        assert_eq!(mirrors, ["one", "two:5000"]);
        assert!(table.mirrors("quay.io").is_empty());
    }
}
