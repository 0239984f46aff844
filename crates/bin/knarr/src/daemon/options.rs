//! The daemon's flags and its TOML file. Flags are named as dockerd's; the file has the same names.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use knarr_engine::Peer;
use knarr_tls::Identity;
use serde::Deserialize;

use super::hosts::{Host, Tls, plain};
use super::log_options::LogOptions;
use super::peers::peers;

/// Runs containers, and manages images, networks and volumes, for clients of its socket.
///
/// The configuration file has the same names as the flags, for example:
///
///   data-root = "/var/lib/knarr"
///   host = ["unix:///run/knarr/knarr.sock"]
///   insecure-registries = ["registry.lan:5000"]
///
/// A value may be set by a flag or in the file, not by both. On SIGHUP the file is read again: log-level, debug, labels,
/// insecure-registries, registry-ca, registry-mirrors, peers and certs-dirs with their files are followed at once, all else at the
/// next start. On SIGTERM the daemon ends and containers run on.
#[derive(Debug, Clone, Default, Parser)]
#[command(name = "knarr daemon", bin_name = "knarr daemon", version, verbatim_doc_comment)]
pub struct Flags {
    /// Where images, containers and volumes are kept [default: /var/lib/knarr]
    #[arg(long, value_name = "DIR")]
    data_root: Option<PathBuf>,
    /// Where sockets and the state of running containers are kept [default: /run/knarr]
    #[arg(long, value_name = "DIR")]
    exec_root: Option<PathBuf>,
    /// Where to listen, unix:///PATH or tcp://ADDRESS:PORT (mutual TLS only); may be repeated [default:
    /// unix:///run/knarr/knarr.sock]
    #[arg(short = 'H', long, value_name = "HOST")]
    host: Vec<String>,
    /// Group that may use the socket; root only where it does not exist [default: knarr]
    #[arg(short = 'G', long, value_name = "GROUP")]
    group: Option<String>,
    /// Listen on TCP for clients whose certificate --tlscacert vouches for
    #[arg(long)]
    tlsverify: bool,
    /// PEM file of the authorities of clients' certificates
    #[arg(long, value_name = "FILE")]
    tlscacert: Option<PathBuf>,
    /// PEM file of the daemon's certificate chain
    #[arg(long, value_name = "FILE")]
    tlscert: Option<PathBuf>,
    /// PEM file of the daemon's key
    #[arg(long, value_name = "FILE")]
    tlskey: Option<PathBuf>,
    /// Configuration file, TOML [default: /etc/knarr/daemon.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    config_file: Option<PathBuf>,
    /// Where the daemon's process id is written
    #[arg(short, long, value_name = "FILE")]
    pidfile: Option<PathBuf>,
    /// Only check flags and configuration file, and say whether they are right
    #[arg(long)]
    validate: bool,
    /// How much is logged: debug, info, warn, error [default: info]
    #[arg(short, long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// The same as --log-level debug
    #[arg(short = 'D', long)]
    debug: bool,
    /// Containers' logs, max-size=BYTES or max-file=NUMBER; may be repeated [default: max-size=10m, max-file=5]
    #[arg(long = "log-opt", value_name = "KEY=VALUE")]
    log_opts: Vec<String>,
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
    /// Search domains for containers [default: the host's]
    #[arg(long, value_name = "DOMAIN")]
    dns_search: Vec<String>,
    /// Options of containers' resolv.conf [default: the host's]
    #[arg(long = "dns-opt", value_name = "OPTION")]
    dns_opts: Vec<String>,
    /// Registry that is spoken to by plain HTTP; may be repeated (for an unknown certificate give --registry-ca)
    #[arg(long = "insecure-registry", value_name = "HOST[:PORT]")]
    insecure_registries: Vec<String>,
    /// PEM file with further certificate authorities for registries
    #[arg(long, value_name = "FILE")]
    registry_ca: Option<PathBuf>,
    /// Mirror of Docker Hub, asked before it; may be repeated
    #[arg(long = "registry-mirror", value_name = "URL")]
    registry_mirrors: Vec<String>,
    /// Daemon that shares, and the file with its token: asked before registries by every pull; may be repeated
    #[arg(long = "peer", value_name = "HOST[:PORT]=FILE")]
    peers: Vec<String>,
    /// Folder with a folder HOST or HOST:PORT for each registry: hosts.toml as containerd's, certificates as Docker's; may be repeated
    /// [default: /etc/knarr/certs.d, /etc/docker/certs.d]
    #[arg(long = "certs-dir", value_name = "DIR")]
    certs_dirs: Vec<PathBuf>,
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
    tlsverify: Option<bool>,
    tlscacert: Option<PathBuf>,
    tlscert: Option<PathBuf>,
    tlskey: Option<PathBuf>,
    pidfile: Option<PathBuf>,
    log_level: Option<String>,
    debug: Option<bool>,
    #[serde(default)]
    log_opts: Vec<String>,
    bridge: Option<String>,
    bip: Option<String>,
    mtu: Option<u32>,
    #[serde(default)]
    dns: Vec<Ipv4Addr>,
    #[serde(default)]
    dns_search: Vec<String>,
    #[serde(default)]
    dns_opts: Vec<String>,
    #[serde(default)]
    insecure_registries: Vec<String>,
    registry_ca: Option<PathBuf>,
    #[serde(default)]
    registry_mirrors: Vec<String>,
    #[serde(default)]
    peers: Vec<String>,
    #[serde(default)]
    certs_dirs: Vec<PathBuf>,
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
    pub hosts: Vec<Host>,
    pub group: Option<String>,
    pub tls: Option<Tls>,
    pub validate: bool,
    pub pidfile: Option<PathBuf>,
    pub log_level: String,
    pub log: LogOptions,
    pub bridge: Option<String>,
    pub bip: Option<String>,
    pub mtu: Option<u32>,
    pub dns: Vec<Ipv4Addr>,
    pub dns_search: Vec<String>,
    pub dns_opts: Vec<String>,
    pub insecure_registries: Vec<String>,
    pub registry_ca: Option<PathBuf>,
    pub registry_mirrors: Vec<String>,
    pub peers: Vec<Peer>,
    pub certs_dirs: Vec<PathBuf>,
    pub compat_docker: bool,
    pub labels: Vec<String>,
    pub stop_timeout: Option<u32>,
    pub cgroup_parent: Option<String>,
}

const CERTS_DIRS: [&str; 2] = ["/etc/knarr/certs.d", "/etc/docker/certs.d"];
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
        let hosts = hosts(&many("host", self.host, file.host)?, &exec_root)?;
        let tls = tls(
            switch("tlsverify", self.tlsverify, file.tlsverify)?,
            one("tlscacert", self.tlscacert, file.tlscacert)?,
            one("tlscert", self.tlscert, file.tlscert)?,
            one("tlskey", self.tlskey, file.tlskey)?,
        )?;
        if let (Some(Host::Tcp(address)), None) = (hosts.iter().find(|host| matches!(host, Host::Tcp(_))), &tls) {
            bail!("{}", plain(address));
        }
        let debug = switch("debug", self.debug, file.debug)?;
        Ok(Options {
            data_root: one("data-root", self.data_root, file.data_root)?.unwrap_or_else(|| "/var/lib/knarr".into()),
            hosts,
            tls,
            validate: self.validate,
            exec_root,
            group: one("group", self.group, file.group)?,
            pidfile: one("pidfile", self.pidfile, file.pidfile)?,
            log_level: level(one("log-level", self.log_level, file.log_level)?, debug)?,
            log: LogOptions::parse(&many("log-opts", self.log_opts, file.log_opts)?)?,
            bridge: one("bridge", self.bridge, file.bridge)?,
            bip: one("bip", self.bip, file.bip)?,
            mtu: one("mtu", self.mtu, file.mtu)?,
            dns: many("dns", self.dns, file.dns)?,
            dns_search: many("dns-search", self.dns_search, file.dns_search)?,
            dns_opts: many("dns-opts", self.dns_opts, file.dns_opts)?,
            insecure_registries: many("insecure-registries", self.insecure_registries, file.insecure_registries)?,
            registry_ca: one("registry-ca", self.registry_ca, file.registry_ca)?,
            registry_mirrors: many("registry-mirrors", self.registry_mirrors, file.registry_mirrors)?,
            peers: peers(&many("peers", self.peers, file.peers)?)?,
            certs_dirs: certs_dirs(many("certs-dirs", self.certs_dirs, file.certs_dirs)?),
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

/// A switch of the command line can only be on.
fn switch(name: &str, flag: bool, file: Option<bool>) -> Result<bool> {
    Ok(one(name, flag.then_some(true), file)?.unwrap_or(false))
}

fn hosts(texts: &[String], exec_root: &Path) -> Result<Vec<Host>> {
    if texts.is_empty() {
        return Ok(vec![Host::Unix(exec_root.join("knarr.sock"))]);
    }
    texts.iter().map(|text| Host::parse(text)).collect()
}

/// The three files belong together, and to `tlsverify`: a client that nobody verifies would be root here.
fn tls(
    verify: bool,
    clients: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
) -> Result<Option<Tls>> {
    match (verify, clients, certificate, key) {
        (false, None, None, None) => Ok(None),
        (true, Some(clients), Some(certificate), Some(key)) => {
            Ok(Some(Tls { own: Identity { certificate, key }, clients }))
        }
        _ => bail!("tlsverify, tlscacert, tlscert and tlskey belong together: give all four"),
    }
}

fn level(given: Option<String>, debug: bool) -> Result<String> {
    if debug {
        return Ok("debug".into());
    }
    let level = given.unwrap_or_else(|| "info".into());
    match level.as_str() {
        "trace" | "debug" | "info" | "warn" | "error" => Ok(level),
        "fatal" => Ok("error".into()),
        other => bail!("invalid log level {other:?}: one of debug, info, warn, error"),
    }
}

fn certs_dirs(given: Vec<PathBuf>) -> Vec<PathBuf> {
    if given.is_empty() { CERTS_DIRS.map(PathBuf::from).to_vec() } else { given }
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
        assert_eq!(resolve(&["--exec-root", "/x"]).unwrap().hosts, [Host::Unix("/x/knarr.sock".into())]);
        assert_eq!(resolve(&["-H", "unix:///y"]).unwrap().hosts, [Host::Unix("/y".into())]);
    }

    #[test]
    fn plain_tcp_and_unknown_levels_are_refused() {
        for wrong in [["-H", "tcp://0.0.0.0:2375"], ["-H", "unix://relative"], ["-l", "loud"], ["--tlskey", "/k"]] {
            assert!(resolve(&wrong).is_err(), "{wrong:?}");
        }
        let plain = resolve(&["-H", "tcp://0.0.0.0:2375"]).unwrap_err().to_string();
        assert!(plain.contains("mutual TLS only") && plain.contains("--tlsverify"), "{plain}");
        let tls = ["-H", "tcp://x", "--tlsverify", "--tlscacert", "/ca", "--tlscert", "/c", "--tlskey", "/k"];
        let options = resolve(&tls).unwrap();
        assert_eq!(options.hosts, [Host::Tcp("x:2376".into())]);
        assert_eq!(options.tls.unwrap().clients, PathBuf::from("/ca"));
    }

    #[test]
    fn every_flag_is_a_key_of_the_file() {
        use clap::CommandFactory as _;
        let text = "data-root='/d'\nexec-root='/e'\nhost=['unix:///s']\ngroup='g'\npidfile='/p'\nlog-level='warn'\n\
                    log-opts=['max-size=1m']\nbridge='b'\nbip='10.0.0.1/8'\nmtu=1400\ndns=['1.1.1.1']\ndns-search=['x']\n\
                    dns-opts=['y']\ninsecure-registries=['r']\nregistry-ca='/r'\nregistry-mirrors=['m']\n\
                    peers=['p=/t']\ncerts-dirs=['/c']\ncompat='docker'\nlabels=['a=b']\n\
                    stop-timeout=3\ncgroup-parent='/c'\ntlsverify=true\ntlscacert='/a'\ntlscert='/b'\ntlskey='/k'\n\
                    debug=false\n";
        let file: File = toml::from_str(text).unwrap();
        assert_eq!((file.log_level.as_deref(), file.debug), (Some("warn"), Some(false)));
        let keys: Vec<&str> = text.lines().filter_map(|line| line.split('=').next()).collect();
        let listed = |flag: &str| match flag {
            "log-opt" => "log-opts".to_owned(),
            "dns-opt" => "dns-opts".to_owned(),
            "label" => "labels".to_owned(),
            "insecure-registry" => "insecure-registries".to_owned(),
            "registry-mirror" | "certs-dir" | "peer" => format!("{flag}s"),
            other => other.to_owned(),
        };
        let command = Flags::command();
        let flags = command.get_arguments().filter_map(clap::Arg::get_long);
        for flag in flags.filter(|flag| !["config-file", "validate", "help", "version"].contains(flag)) {
            assert!(keys.contains(&listed(flag).as_str()), "--{flag} is no key of the file");
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
        let said = format!("{:#}", refused.unwrap_err());
        assert!(said.contains("dataroot") && said.contains(path) && said.contains("line 1"), "{said}");
    }
}
