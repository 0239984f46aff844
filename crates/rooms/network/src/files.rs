//! The files of `/etc` that tell a container who it is and whom to ask: pure functions.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

/// Asked where the host's only name servers listen on its loopback, which a container cannot reach.
const FALLBACK: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8)), IpAddr::V4(Ipv4Addr::new(8, 8, 4, 4))];

/// What the user asked of name resolution; what is empty is taken from the host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolver {
    /// Name servers.
    pub servers: Vec<IpAddr>,
    /// Domains in which short names are looked up; a single `.` means none.
    pub search: Vec<String>,
    /// resolv.conf(5) options.
    pub options: Vec<String>,
}

/// `/etc/hosts`: loopback, the extra entries, the container's own addresses under its names.
pub fn hosts(addresses: &[IpAddr], hostname: &str, domain: Option<&str>, extra: &[(String, IpAddr)]) -> String {
    let mut text = String::from("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
    text.push_str("fe00::\tip6-localnet\nff00::\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n");
    for (name, address) in extra {
        let _ = writeln!(text, "{address}\t{name}");
    }
    for address in addresses {
        let _ = match domain {
            Some(domain) => writeln!(text, "{address}\t{hostname}.{domain} {hostname}"),
            None => writeln!(text, "{address}\t{hostname}"),
        };
    }
    text
}

/// `/etc/hostname`.
pub fn hostname(hostname: &str) -> String {
    format!("{hostname}\n")
}

/// `/etc/resolv.conf`: the host's, with what the user asked in its place. In a namespace of its own a container cannot
/// reach servers on the host's loopback: they are left out, and where none is left public ones are asked.
pub fn resolv_conf(host: &str, asked: &Resolver, shares_host_network: bool) -> String {
    let host = parse(host);
    let mut servers = if asked.servers.is_empty() { host.servers } else { asked.servers.clone() };
    if asked.servers.is_empty() && !shares_host_network {
        servers.retain(|server| reachable(*server));
        if servers.is_empty() {
            servers.extend(FALLBACK);
        }
    }
    let search = if asked.search.is_empty() { host.search } else { asked.search.clone() };
    let search: Vec<String> = search.into_iter().filter(|domain| domain != ".").collect();
    let options = if asked.options.is_empty() { host.options } else { asked.options.clone() };
    let mut text = String::new();
    for server in servers {
        let _ = writeln!(text, "nameserver {server}");
    }
    if !search.is_empty() {
        let _ = writeln!(text, "search {}", search.join(" "));
    }
    if !options.is_empty() {
        let _ = writeln!(text, "options {}", options.join(" "));
    }
    text
}

/// The servers of the host's own resolv.conf(5), or public ones where it names none.
pub fn servers(host: &str) -> Vec<IpAddr> {
    let servers = parse(host).servers;
    if servers.is_empty() { FALLBACK.to_vec() } else { servers }
}

/// Containers have no IPv6 and a loopback of their own.
fn reachable(server: IpAddr) -> bool {
    server.is_ipv4() && !server.is_loopback()
}

fn parse(text: &str) -> Resolver {
    let mut resolver = Resolver::default();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("nameserver") => resolver.servers.extend(words.next().and_then(|word| word.parse::<IpAddr>().ok())),
            Some("search" | "domain") => resolver.search = words.map(str::to_owned).collect(),
            Some("options") => resolver.options.extend(words.map(str::to_owned)),
            _ => {}
        }
    }
    resolver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_resolver_is_taken_without_its_loopback() {
        let host = "# by hand\nnameserver 127.0.0.53\nnameserver 10.0.0.2\nsearch a.example b.example\noptions edns0\n";
        let text = resolv_conf(host, &Resolver::default(), false);
        assert_eq!(text, "nameserver 10.0.0.2\nsearch a.example b.example\noptions edns0\n");
        let text = resolv_conf("nameserver 127.0.0.53\n", &Resolver::default(), false);
        assert_eq!(text, "nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
        assert_eq!(resolv_conf("nameserver 127.0.0.53\n", &Resolver::default(), true), "nameserver 127.0.0.53\n");
    }

    #[test]
    fn what_is_asked_replaces_the_hosts() {
        let asked = Resolver {
            servers: vec![IpAddr::from([9, 9, 9, 9])],
            search: vec![".".to_owned()],
            options: vec!["ndots:2".to_owned()],
        };
        let text = resolv_conf("nameserver 10.0.0.2\nsearch x.example\n", &asked, false);
        assert_eq!(text, "nameserver 9.9.9.9\noptions ndots:2\n");
    }

    #[test]
    fn a_container_finds_itself() {
        let address = IpAddr::from([172, 17, 0, 2]);
        let text = hosts(&[address], "web", Some("example"), &[("db".to_owned(), IpAddr::from([10, 0, 0, 9]))]);
        assert!(text.ends_with("10.0.0.9\tdb\n172.17.0.2\tweb.example web\n"), "{text}");
        assert!(text.starts_with("127.0.0.1\tlocalhost\n"));
    }
}
