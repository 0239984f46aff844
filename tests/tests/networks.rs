//! Addresses, published ports, modes, name files.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::os::fd::AsFd as _;
use std::time::Duration;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host, wait_for};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

const SERVE: &str = "while :; do echo answer | nc -l -p 80; done";

fn host() -> (Host, Client) {
    let host = Host::start().unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, "busybox").unwrap();
    (host, knarr)
}

fn published(knarr: &Client, name: &str, port: &str) -> String {
    knarr.ok(&["port", name, port]).unwrap().lines().next().unwrap().replace("0.0.0.0", "127.0.0.1")
}

fn ask(address: &str) -> String {
    let mut answer = String::new();
    if let Ok(mut stream) = TcpStream::connect(address) {
        let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
        let _ = stream.read_to_string(&mut answer);
    }
    answer
}

#[test]
fn a_published_port_answers_from_everywhere_it_should() {
    let (host, knarr) = host();
    knarr.ok(&["run", "-d", "--name", "server", "-p", "0:80", "busybox", "sh", "-c", SERVE]).unwrap();
    let loopback = published(&knarr, "server", "80/tcp");
    let port = loopback.rsplit(':').next().unwrap().to_owned();
    wait_for("loopback answers", Duration::from_secs(5), || ask(&loopback) == "answer\n").unwrap();
    let gateway = knarr.ok(&["inspect", "-f", "{{.NetworkSettings.Gateway}}", "server"]).unwrap();
    let own = knarr.ok(&["inspect", "-f", "{{.NetworkSettings.IPAddress}}", "server"]).unwrap();
    assert_eq!(ask(&format!("{gateway}:{port}")), "answer\n", "the host's other address");
    let from_container =
        |to: &str, port: &str| knarr.run(&["run", "--rm", "busybox", "nc", "-w", "2", to, port]).unwrap().stdout;
    assert_eq!(from_container(&own, "80"), "answer\n", "container to container");
    assert_eq!(from_container(&gateway, &port), "answer\n", "container to the host's published port");
    let itself = knarr.run(&["exec", "server", "nc", "-w", "2", &gateway, &port]).unwrap();
    assert_eq!(itself.stdout, "answer\n", "the container to its own published port");
    host.finish().unwrap();
}

/// A datagram socket of a container: busybox has no server for them.
fn bind_inside(pid: &str, port: u16) -> UdpSocket {
    let namespace = std::fs::File::open(format!("/proc/{pid}/ns/net")).unwrap();
    let bind = move || {
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
        UdpSocket::bind(("0.0.0.0", port)).unwrap()
    };
    std::thread::spawn(bind).join().unwrap()
}

#[test]
fn udp_ranges_and_addresses() {
    let (host, knarr) = host();
    knarr.ok(&["run", "-d", "--name", "udp", "-p", "127.0.0.1:0:53/udp", "busybox", "sleep", "100"]).unwrap();
    let address = published(&knarr, "udp", "53/udp");
    let pid = knarr.ok(&["inspect", "-f", "{{.State.Pid}}", "udp"]).unwrap();
    let server = bind_inside(&pid, 53);
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.connect(&address).unwrap();
    for socket in [&server, &client] {
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    }
    let mut buffer = [0; 4];
    client.send(b"ping").unwrap();
    let (_, peer) = server.recv_from(&mut buffer).unwrap();
    server.send_to(b"pong", peer).unwrap();
    client.recv(&mut buffer).unwrap();
    assert_eq!(&buffer, b"pong");
    knarr
        .ok(&["run", "-d", "--name", "ranged", "-p", "127.0.0.1:42101-42103:81-83", "busybox", "sleep", "100"])
        .unwrap();
    let ports = knarr.ok(&["port", "ranged"]).unwrap();
    assert_eq!(ports, "81/tcp -> 127.0.0.1:42101\n82/tcp -> 127.0.0.1:42102\n83/tcp -> 127.0.0.1:42103");
    host.finish().unwrap();
}

#[test]
fn modes_none_host_and_container() {
    let (host, knarr) = host();
    let links = |mode: &str| knarr.ok(&["run", "--rm", "--network", mode, "busybox", "ls", "/sys/class/net"]).unwrap();
    assert_eq!(links("none"), "lo");
    assert!(links("host").contains(host.bridge()));
    knarr.ok(&["run", "-d", "--name", "owner", "busybox", "sleep", "100"]).unwrap();
    let address = knarr.ok(&["inspect", "-f", "{{.NetworkSettings.IPAddress}}", "owner"]).unwrap();
    let shared = knarr
        .ok(&["run", "--rm", "--network", "container:owner", "busybox", "ip", "-4", "addr", "show", "eth0"])
        .unwrap();
    assert!(shared.contains(&address), "{shared}");
    host.finish().unwrap();
}

#[test]
fn networks_of_ones_own_are_apart() {
    let (host, knarr) = host();
    knarr.ok(&["network", "create", "one"]).unwrap();
    knarr.ok(&["network", "create", "--subnet", "10.219.77.0/24", "two"]).unwrap();
    knarr.ok(&["run", "-d", "--name", "server", "--network", "two", "busybox", "sh", "-c", SERVE]).unwrap();
    let address =
        knarr.ok(&["inspect", "-f", "{{(index .NetworkSettings.Networks \"two\").IPAddress}}", "server"]).unwrap();
    assert!(address.starts_with("10.219.77."), "{address}");
    let from = |network: &str| {
        knarr.run(&["run", "--rm", "--network", network, "busybox", "nc", "-w", "2", &address, "80"]).unwrap().stdout
    };
    assert_eq!(from("two"), "answer\n");
    assert_eq!(from("one"), "", "networks are not apart");
    assert_eq!(from("bridge"), "", "the default bridge reaches another network");
    assert!(knarr.fails(&["network", "rm", "two"]).unwrap().stderr.contains("active endpoints"));
    knarr.ok(&["rm", "-f", "server"]).unwrap();
    knarr.ok(&["network", "rm", "one", "two"]).unwrap();
    host.finish().unwrap();
}

#[test]
fn name_files_and_stop_start() {
    let (host, knarr) = host();
    knarr.ok(&["run", "-d", "--name", "files", "--hostname", "named", "busybox", "sleep", "1000"]).unwrap();
    let address = || knarr.ok(&["inspect", "-f", "{{.NetworkSettings.IPAddress}}", "files"]).unwrap();
    assert!(knarr.ok(&["exec", "files", "cat", "/etc/hosts"]).unwrap().contains(&format!("{}\tnamed", address())));
    assert_eq!(knarr.ok(&["exec", "files", "cat", "/etc/hostname"]).unwrap(), "named");
    assert!(knarr.ok(&["exec", "files", "cat", "/etc/resolv.conf"]).unwrap().contains("nameserver"));
    knarr.ok(&["stop", "-t", "0", "files"]).unwrap();
    assert_eq!(address(), "", "a stopped container holds an address");
    knarr.ok(&["start", "files"]).unwrap();
    assert!(knarr.ok(&["exec", "files", "cat", "/etc/hosts"]).unwrap().contains(&format!("{}\tnamed", address())));
    host.finish().unwrap();
}

#[test]
fn the_bridge_has_the_uplinks_mtu() {
    let (host, knarr) = host();
    let routes = std::fs::read_to_string("/proc/net/route").unwrap();
    let uplink = routes.lines().skip(1).find(|line| line.split_whitespace().nth(1) == Some("00000000"));
    let Some(uplink) = uplink.and_then(|line| line.split_whitespace().next()) else { return };
    let expected = std::fs::read_to_string(format!("/sys/class/net/{uplink}/mtu")).unwrap();
    let inside = knarr.ok(&["run", "--rm", "busybox", "cat", "/sys/class/net/eth0/mtu"]).unwrap();
    assert_eq!(inside, expected.trim());
    host.finish().unwrap();
}

#[test]
fn half_a_request_does_not_hold_up_others() {
    let (host, knarr) = host();
    let mut half = std::os::unix::net::UnixStream::connect(host.socket()).unwrap();
    half.write_all(b"POST /v1.45/containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{").unwrap();
    assert_eq!(knarr.ok(&["run", "--rm", "busybox", "echo", "fine"]).unwrap(), "fine");
    drop(half);
    host.finish().unwrap();
}

#[test]
fn a_running_container_joins_and_leaves_a_network() {
    let (host, knarr) = host();
    let docker = host.docker();
    docker.ok(&["network", "create", "--subnet", "10.219.78.0/24", "back"]).unwrap();
    docker.ok(&["run", "-d", "--name", "server", "--network", "back", "busybox", "sh", "-c", SERVE]).unwrap();
    docker.ok(&["run", "-d", "--name", "client", "busybox", "sleep", "100"]).unwrap();
    let server = "{{(index .NetworkSettings.Networks \"back\").IPAddress}}";
    let server = docker.ok(&["inspect", "-f", server, "server"]).unwrap();
    let ask = || docker.run(&["exec", "client", "nc", "-w", "2", &server, "80"]).unwrap().stdout;
    assert_eq!(ask(), "");
    docker.ok(&["network", "connect", "--ip", "10.219.78.50", "back", "client"]).unwrap();
    assert_eq!(ask(), "answer\n");
    let inside = docker.ok(&["network", "inspect", "-f", "{{json .Containers}}", "back"]).unwrap();
    assert!(inside.contains("10.219.78.50/24"), "{inside}");
    docker.ok(&["restart", "-t", "0", "client"]).unwrap();
    assert_eq!(ask(), "answer\n", "the network was forgotten at a restart");
    docker.ok(&["network", "disconnect", "back", "client"]).unwrap();
    assert_eq!(ask(), "");
    assert!(docker.fails(&["network", "disconnect", "back", "client"]).unwrap().stderr.contains("is not connected"));
    knarr.ok(&["rm", "-f", "server", "client"]).unwrap();
    docker.ok(&["network", "prune", "-f"]).unwrap();
    assert!(docker.fails(&["network", "inspect", "back"]).unwrap().stderr.contains("network back not found"));
    host.finish().unwrap();
}
