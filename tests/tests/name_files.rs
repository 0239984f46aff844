//! `/etc/hosts`, `/etc/resolv.conf` and `/etc/hostname` in every network mode.

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host};

fn host() -> (Host, Client) {
    let host = Host::start().unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, "busybox").unwrap();
    (host, knarr)
}

fn cat(knarr: &Client, flags: &[&str], file: &str) -> String {
    knarr.ok(&[&["run", "--rm"], flags, &["busybox", "cat", file]].concat()).unwrap()
}

#[test]
fn names_that_are_asked_for_are_in_hosts() {
    let (host, knarr) = host();
    let gateway = knarr.ok(&["network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", "bridge"]).unwrap();
    let flags = [
        "--add-host",
        "far:10.9.8.7",
        "--add-host",
        "machine:host-gateway",
        "--hostname",
        "island",
        "--domainname",
        "sea",
    ];
    let text = cat(&knarr, &flags, "/etc/hosts");
    assert!(text.contains("10.9.8.7\tfar\n") && text.contains(&format!("{gateway}\tmachine\n")), "{text}");
    assert!(text.contains("\tisland.sea island"), "{text}");
    assert_eq!(cat(&knarr, &flags, "/etc/hostname"), "island");
    host.finish().unwrap();
}

#[test]
fn resolvers_are_the_askers_the_daemons_or_the_hosts() {
    let host = Host::start_with(&["--dns", "192.0.2.1"]).unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, "busybox").unwrap();
    let own = cat(
        &knarr,
        &["--dns", "192.0.2.2", "--dns-search", "sea.example", "--dns-option", "ndots:3"],
        "/etc/resolv.conf",
    );
    assert_eq!(own, "nameserver 192.0.2.2\nsearch sea.example\noptions ndots:3");
    assert_eq!(cat(&knarr, &[], "/etc/resolv.conf").lines().next(), Some("nameserver 192.0.2.1"));
    host.finish().unwrap();
}

#[test]
fn the_hosts_network_has_the_hosts_names() {
    let (host, knarr) = host();
    let of_host = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    let servers =
        |text: &str| text.lines().filter(|line| line.starts_with("nameserver")).map(str::to_owned).collect::<Vec<_>>();
    let flags = ["--network", "host", "--add-host", "far:10.9.8.7"];
    assert_eq!(servers(&cat(&knarr, &flags, "/etc/resolv.conf")), servers(&of_host("/etc/resolv.conf")));
    let hosts = cat(&knarr, &flags, "/etc/hosts");
    assert!(hosts.starts_with(of_host("/etc/hosts").trim_end()) && hosts.ends_with("10.9.8.7\tfar"), "{hosts}");
    let name = knarr.ok(&["run", "--rm", "--network", "host", "busybox", "hostname"]).unwrap();
    assert_eq!(name, of_host("/proc/sys/kernel/hostname").trim());
    host.finish().unwrap();
}

#[test]
fn who_shares_a_network_shares_its_names() {
    let (host, knarr) = host();
    knarr
        .ok(&[
            "run",
            "-d",
            "--name",
            "owner",
            "--hostname",
            "owned",
            "--add-host",
            "far:10.9.8.7",
            "busybox",
            "sleep",
            "100",
        ])
        .unwrap();
    for file in ["/etc/hosts", "/etc/resolv.conf", "/etc/hostname"] {
        let owner = knarr.ok(&["exec", "owner", "cat", file]).unwrap();
        assert_eq!(cat(&knarr, &["--network", "container:owner"], file), owner, "{file}");
    }
    let gone = knarr.fails(&["run", "--rm", "--network", "container:nobody", "busybox", "true"]).unwrap();
    assert!(gone.stderr.contains("No such container: nobody"), "{}", gone.stderr);
    host.finish().unwrap();
}

#[test]
fn version_six_is_off_inside() {
    let (host, knarr) = host();
    knarr.ok(&["network", "create", "own"]).unwrap();
    let look = "cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6 /proc/sys/net/ipv6/conf/eth0/accept_ra; ip -6 addr";
    for network in ["bridge", "own"] {
        let seen = knarr.ok(&["run", "--rm", "--network", network, "busybox", "sh", "-c", look]).unwrap();
        assert_eq!(seen, "1\n0", "{network}");
    }
    knarr.ok(&["network", "rm", "own"]).unwrap();
    host.finish().unwrap();
}
