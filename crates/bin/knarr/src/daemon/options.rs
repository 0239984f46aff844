//! The daemon's flags and its TOML file. Flags are named as dockerd's; the file has the same names.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use serde::Deserialize;

/// Runs containers, and manages images, networks and volumes, for clients of its socket.
///
/// The configuration file has the same names as the flags, for example:
///
///   data-root = "/var/lib/knarr"
///   host = ["unix:///run/knarr/knarr.sock"]
///   insecure-registries = ["registry.lan:5000"]
///
/// A value may be set by a flag or in the file, not by both.
#[derive(Debug, Default, Parser)]
#[command(name = "knarr daemon", bin_name = "knarr daemon", version, verbatim_doc_comment)]
pub struct Flags {
    /// Where images, containers and volumes are kept [default: /var/lib/knarr]
    #[arg(long, value_name = "DIR")]
    data_root: Option<PathBuf>,
    /// Where sockets and the state of running containers are kept [default: /run/knarr]
    #[arg(long, value_name = "DIR")]
    exec_root: Option<PathBuf>,
    /// Socket to listen on, unix://PATH; may be repeated [default: unix:///run/knarr/knarr.sock]
    #[arg(short = 'H', long, value_name = "HOST")]
    host: Vec<String>,
    /// Group that may use the socket; root only where it does not exist [default: knarr]
    #[arg(short = 'G', long, value_name = "GROUP")]
    group: Option<String>,
    /// Configuration file, TOML [default: /etc/knarr/daemon.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    config_file: Option<PathBuf>,
    /// Where the daemon's process id is written
    #[arg(short, long, value_name = "FILE")]
    pidfile: Option<PathBuf>,
    /// How much is logged: debug, info, warn, error
    #[arg(short, long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// The default bridge's name [default: knarr0]
    #[arg(short, long, value_name = "NAME")]
    bridge: Option<String>,
    /// The default bridge's address and network, for example 172.30.0.1/16 [default: a free one]
    #[arg(long, value_name = "ADDRESS/BITS")]
    bip: Option<String>,
    /// The MTU of the default bridge [default: the uplink's]
    #[arg(long, value_name = "BYTES")]
    mtu: Option<u32>,
    /// DNS servers for containers [default: the host's]
    #[arg(long, value_name = "ADDRESS")]
    dns: Vec<Ipv4Addr>,
    /// Registry that is spoken to by plain HTTP; may be repeated (for an unknown certificate give --registry-ca)
    #[arg(long = "insecure-registry", value_name = "HOST[:PORT]")]
    insecure_registries: Vec<String>,
    /// PEM file with further certificate authorities for registries
    #[arg(long, value_name = "FILE")]
    registry_ca: Option<PathBuf>,
    /// Restore the industry's common sandbox where ours is tighter: docker
    #[arg(long, value_name = "ENGINE")]
    compat: Option<String>,
    /// Label of this daemon, KEY=VALUE, shown by `info`; may be repeated
    #[arg(long = "label", value_name = "KEY=VALUE")]
    labels: Vec<String>,
    /// Seconds that a container has to end after its stop signal [default: 10]
    #[arg(long, value_name = "SECONDS")]
    stop_timeout: Option<u32>,
    /// Parent of the containers' cgroups [default: /knarr]
    #[arg(long, value_name = "PATH")]
    cgroup_parent: Option<String>,
}

/// The TOML file: the flags' names, several values as lists.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    data_root: Option<PathBuf>,
    exec_root: Option<PathBuf>,
    #[serde(default)]
    host: Vec<String>,
    group: Option<String>,
    pidfile: Option<PathBuf>,
    log_level: Option<String>,
    bridge: Option<String>,
    bip: Option<String>,
    mtu: Option<u32>,
    #[serde(default)]
    dns: Vec<Ipv4Addr>,
    #[serde(default)]
    insecure_registries: Vec<String>,
    registry_ca: Option<PathBuf>,
    compat: Option<String>,
    #[serde(default)]
    labels: Vec<String>,
    stop_timeout: Option<u32>,
    cgroup_parent: Option<String>,
}

/// Flags and file together, defaults filled in.
#[derive(Debug)]
pub struct Options {
    pub data_root: PathBuf,
    pub exec_root: PathBuf,
    pub sockets: Vec<PathBuf>,
    pub group: Option<String>,
    pub pidfile: Option<PathBuf>,
    pub log_level: String,
    pub bridge: Option<String>,
    pub bip: Option<String>,
    pub mtu: Option<u32>,
    pub dns: Vec<Ipv4Addr>,
    pub insecure_registries: Vec<String>,
    pub registry_ca: Option<PathBuf>,
    pub compat_docker: bool,
    pub labels: Vec<String>,
    pub stop_timeout: Option<u32>,
    pub cgroup_parent: Option<String>,
}

const DEFAULT_FILE: &str = "/etc/knarr/daemon.toml";

impl Flags {
    /// Reads the file and joins it with the flags.
    pub fn resolve(self) -> Result<Options> {
        let file = match &self.config_file {
            Some(path) => read_file(path)?,
            None if Path::new(DEFAULT_FILE).exists() => read_file(Path::new(DEFAULT_FILE))?,
            None => File::default(),
        };
        let exec_root = one("exec-root", self.exec_root, file.exec_root)?.unwrap_or_else(|| "/run/knarr".into());
        let hosts = many("host", self.host, file.host)?;
        Ok(Options {
            data_root: one("data-root", self.data_root, file.data_root)?.unwrap_or_else(|| "/var/lib/knarr".into()),
            sockets: sockets(&hosts, &exec_root)?,
            exec_root,
            group: one("group", self.group, file.group)?,
            pidfile: one("pidfile", self.pidfile, file.pidfile)?,
            log_level: level(one("log-level", self.log_level, file.log_level)?)?,
            bridge: one("bridge", self.bridge, file.bridge)?,
            bip: one("bip", self.bip, file.bip)?,
            mtu: one("mtu", self.mtu, file.mtu)?,
            dns: many("dns", self.dns, file.dns)?,
            insecure_registries: many("insecure-registries", self.insecure_registries, file.insecure_registries)?,
            registry_ca: one("registry-ca", self.registry_ca, file.registry_ca)?,
            compat_docker: compat(one("compat", self.compat, file.compat)?)?,
            labels: many("labels", self.labels, file.labels)?,
            stop_timeout: one("stop-timeout", self.stop_timeout, file.stop_timeout)?,
            cgroup_parent: one("cgroup-parent", self.cgroup_parent, file.cgroup_parent)?,
        })
    }
}

fn read_file(path: &Path) -> Result<File> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("cannot parse {}", path.display()))
}

fn one<T>(name: &str, flag: Option<T>, file: Option<T>) -> Result<Option<T>> {
    if flag.is_some() && file.is_some() {
        bail!("{name} is set by a flag and in the configuration file: remove one of them");
    }
    Ok(flag.or(file))
}

fn many<T>(name: &str, flag: Vec<T>, file: Vec<T>) -> Result<Vec<T>> {
    if !flag.is_empty() && !file.is_empty() {
        bail!("{name} is set by a flag and in the configuration file: remove one of them");
    }
    Ok(if flag.is_empty() { file } else { flag })
}

fn sockets(hosts: &[String], exec_root: &Path) -> Result<Vec<PathBuf>> {
    if hosts.is_empty() {
        return Ok(vec![exec_root.join("knarr.sock")]);
    }
    hosts.iter().map(|host| socket(host)).collect()
}

fn socket(host: &str) -> Result<PathBuf> {
    match host.strip_prefix("unix://") {
        Some(path) if path.starts_with('/') => Ok(path.into()),
        Some(_) => bail!("invalid host {host:?}: the socket's path must be absolute"),
        None if host.starts_with("tcp://") => {
            bail!("invalid host {host:?}: no TCP without mutual TLS; use a unix socket and reach it through ssh")
        }
        None => bail!("invalid host {host:?}: expected unix://PATH"),
    }
}

fn level(given: Option<String>) -> Result<String> {
    let level = given.unwrap_or_else(|| "info".into());
    match level.as_str() {
        "trace" | "debug" | "info" | "warn" | "error" => Ok(level),
        "fatal" => Ok("error".into()),
        other => bail!("invalid log level {other:?}: one of debug, info, warn, error"),
    }
}

fn compat(given: Option<String>) -> Result<bool> {
    match given.as_deref() {
        None | Some("") => Ok(false),
        Some("docker") => Ok(true),
        Some(other) => bail!("invalid compat {other:?}: only docker"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(args: &[&str]) -> Result<Options> {
        Flags::try_parse_from([&["knarr daemon"], args].concat())?.resolve()
    }

    #[test]
    fn a_socket_lies_in_the_exec_root_unless_told_otherwise() {
        assert_eq!(resolve(&["--exec-root", "/x"]).unwrap().sockets, [PathBuf::from("/x/knarr.sock")]);
        assert_eq!(resolve(&["-H", "unix:///y"]).unwrap().sockets, [PathBuf::from("/y")]);
    }

    #[test]
    fn plain_tcp_and_unknown_levels_are_refused() {
        for wrong in [["-H", "tcp://0.0.0.0:2375"], ["-H", "unix://relative"], ["-l", "loud"]] {
            assert!(resolve(&wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_value_set_twice_or_unknown_is_refused() {
        let file = std::env::temp_dir().join(format!("knarr-options-{}.toml", std::process::id()));
        std::fs::write(&file, "data-root = '/a'\nmtu = 1400\n").unwrap();
        let path = file.to_str().unwrap();
        assert_eq!(resolve(&["--config-file", path]).unwrap().mtu, Some(1400));
        assert!(resolve(&["--config-file", path, "--mtu", "1500"]).is_err());
        std::fs::write(&file, "dataroot = '/a'\n").unwrap();
        let refused = resolve(&["--config-file", path]);
        std::fs::remove_file(&file).unwrap();
        assert!(format!("{:#}", refused.unwrap_err()).contains("dataroot"));
    }
}
