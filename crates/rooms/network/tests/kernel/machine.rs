//! A machine to test on: namespaces that play the host and its neighbours, containers in them, and talk between them.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use knarr_model::ContainerId;
use knarr_network::{Attach, Endpoint, NetworkError, Networks, NewNetwork, Options, PortRequest, Protocol};
use knarr_store::Store;
use knarr_sys::netns;
use rustix::net::sockopt::{Timeout, set_socket_timeout};

/// How long a packet may be on its way before it counts as lost.
pub const PATIENCE: Duration = Duration::from_millis(400);
pub const HOST: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
pub const NEIGHBOUR: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 2);
pub const OTHER_HOST: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);
pub const OTHER_NEIGHBOUR: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 2);

/// The host with two neighbours, each on a wire of its own.
pub struct Machine {
    pub host: OwnedFd,
    pub neighbour: OwnedFd,
    pub other: OwnedFd,
    dir: tempfile::TempDir,
}

/// A container: its namespace stays while this lives.
pub struct Container {
    pub id: ContainerId,
    pub namespace: OwnedFd,
    pub endpoint: Endpoint,
}

pub fn within<T: Send>(namespace: &OwnedFd, work: impl FnOnce() -> T + Send) -> T {
    netns::inside(namespace, || io::Result::Ok(work())).unwrap()
}

/// Runs a program (the oracle) inside a namespace and returns what it prints.
pub fn run(namespace: &OwnedFd, command: &str) -> String {
    let words: Vec<&str> = command.split(' ').collect();
    let output = within(namespace, || Command::new(words[0]).args(&words[1..]).output().unwrap());
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn namespace() -> OwnedFd {
    let (namespace, ()) = netns::create(|| io::Result::Ok(())).unwrap();
    run(&namespace, "ip link set lo up");
    // New namespaces inherit the machine's setting.
    run(&namespace, "sysctl -q -w net.ipv4.ip_forward=0");
    namespace
}

impl Machine {
    pub fn new() -> Self {
        let (host, neighbour, other) = (namespace(), namespace(), namespace());
        wire(&host, "up0", HOST, &neighbour, NEIGHBOUR);
        wire(&host, "up1", OTHER_HOST, &other, OTHER_NEIGHBOUR);
        run(&host, &format!("ip route add default via {NEIGHBOUR}"));
        Self { host, neighbour, other, dir: tempfile::tempdir().unwrap() }
    }

    pub fn folder(&self) -> &std::path::Path {
        self.dir.path()
    }

    pub fn open(&self) -> Networks {
        self.open_as("a", &Options::default(), &[])
    }

    /// Opens the room of the daemon `name` with these containers running.
    pub fn open_as(&self, name: &str, options: &Options, running: &[&Container]) -> Networks {
        let store = Arc::new(Store::open(&self.dir.path().join(name)).unwrap());
        let running: BTreeSet<ContainerId> = running.iter().map(|container| container.id.clone()).collect();
        within(&self.host, || Networks::open(store, options, &running)).unwrap()
    }

    pub fn start(&self, networks: &Networks, network: &str, ports: &[PortRequest]) -> Container {
        self.try_start(networks, network, ports).unwrap()
    }

    pub fn try_start(
        &self,
        networks: &Networks,
        network: &str,
        ports: &[PortRequest],
    ) -> Result<Container, NetworkError> {
        let id = ContainerId::random();
        let request = Attach {
            container: id.clone(),
            name: "web".to_owned(),
            network: network.to_owned(),
            address: None,
            mac: None,
            ports: ports.to_vec(),
        };
        within(&self.host, || {
            let mut sandbox = networks.sandbox()?;
            let endpoint = networks.connect(&mut sandbox, &request)?;
            Ok(Container { id, namespace: sandbox.into_namespace(), endpoint })
        })
    }

    pub fn release(&self, networks: &Networks, container: &Container) {
        within(&self.host, || networks.release(&container.id)).unwrap();
    }

    pub fn create(&self, networks: &Networks, new: NewNetwork) -> Result<knarr_network::Network, NetworkError> {
        within(&self.host, || networks.create(new))
    }

    /// What of the host must be as it was: links, addresses, routes, rules, forwarding.
    pub fn ledger(&self) -> String {
        let show = |command: &str| run(&self.host, command);
        let forwarding = show("cat /proc/sys/net/ipv4/ip_forward");
        [show("ip -o link"), show("ip -o -4 addr"), show("ip route"), show("nft list ruleset"), forwarding].concat()
    }

    /// Fails where the host does not become what it was: the kernel takes a namespace's links apart some time after its last user has gone.
    pub fn must_settle_to(&self, before: &str) {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
        while self.ledger() != before && std::time::Instant::now() < deadline {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        assert_eq!(self.ledger(), before);
    }
}

fn wire(host: &OwnedFd, link: &str, address: Ipv4Addr, far: &OwnedFd, far_address: Ipv4Addr) {
    use std::os::fd::AsRawFd as _;
    let path = format!("/proc/{}/fd/{}", std::process::id(), far.as_raw_fd());
    run(host, &format!("ip link add {link} mtu 1400 type veth peer name eth0 netns {path}"));
    run(host, &format!("ip addr add {address}/24 dev {link}"));
    run(host, &format!("ip link set {link} up"));
    run(far, &format!("ip addr add {far_address}/24 dev eth0"));
    run(far, "ip link set eth0 up");
    run(far, &format!("ip route add default via {address}"));
}

pub fn tcp(host_port: u16, container_port: u16) -> PortRequest {
    PortRequest {
        protocol: Protocol::Tcp,
        host_ip: Ipv4Addr::UNSPECIFIED,
        host_ports: (host_port != 0).then_some((host_port, host_port)),
        container_port,
    }
}

pub fn listen(namespace: &OwnedFd, port: u16) -> TcpListener {
    let listener = within(namespace, || TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))).unwrap();
    impatient(&listener);
    listener
}

fn impatient(socket: impl AsFd) {
    set_socket_timeout(socket, Timeout::Recv, Some(Duration::from_secs(3))).unwrap();
}

/// Connects from a namespace and exchanges a word; returns the client's address as the server sees it.
pub fn talk(from: &OwnedFd, to: Ipv4Addr, port: u16, server: &TcpListener) -> io::Result<Ipv4Addr> {
    let target = SocketAddr::from((to, port));
    let mut client = within(from, || TcpStream::connect_timeout(&target, PATIENCE))?;
    let (mut served, peer) = server.accept()?;
    client.write_all(b"ping")?;
    let mut word = [0; 4];
    served.read_exact(&mut word)?;
    served.write_all(b"pong")?;
    client.read_exact(&mut word)?;
    assert_eq!(&word, b"pong");
    Ok(ipv4(peer))
}

/// The same with datagrams.
pub fn talk_udp(from: &OwnedFd, to: Ipv4Addr, port: u16, server: &UdpSocket) -> io::Result<Ipv4Addr> {
    let client = within(from, || UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)))?;
    client.set_read_timeout(Some(PATIENCE))?;
    server.set_read_timeout(Some(PATIENCE))?;
    client.connect((to, port))?;
    client.send(b"ping")?;
    let mut word = [0; 4];
    let (_, peer) = server.recv_from(&mut word)?;
    server.send_to(b"pong", peer)?;
    client.recv(&mut word)?;
    assert_eq!(&word, b"pong");
    Ok(ipv4(peer))
}

fn ipv4(peer: SocketAddr) -> Ipv4Addr {
    match peer {
        SocketAddr::V4(address) => *address.ip(),
        SocketAddr::V6(address) => panic!("{address}"),
    }
}

/// Asserts that no connection comes through (lost or refused on the way), by the client's view.
pub fn assert_closed<T: Debug>(result: io::Result<T>) {
    let error = result.expect_err("the connection came through");
    let expected = [io::ErrorKind::TimedOut, io::ErrorKind::WouldBlock, io::ErrorKind::ConnectionRefused];
    assert!(expected.contains(&error.kind()), "{error}");
}
