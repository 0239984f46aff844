//! Names of containers in networks of the user's own.

use std::net::UdpSocket;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host, wait_for};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

fn host(flags: &[&str]) -> (Host, Client) {
    let host = Host::start_with(flags).unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, "busybox").unwrap();
    knarr.ok(&["network", "create", "net"]).unwrap();
    (host, knarr)
}

fn run(knarr: &Client, name: &str, flags: &[&str]) -> String {
    knarr.ok(&[&["run", "-d", "--name", name], flags, &["busybox", "sleep", "1000"]].concat()).unwrap();
    let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    knarr.ok(&["inspect", "-f", format, name]).unwrap()
}

/// The IPv4 addresses that a container finds for a name, in order.
fn lookup(knarr: &Client, container: &str, name: &str) -> Vec<String> {
    let output = knarr.run(&["exec", container, "nslookup", "-type=a", name]).unwrap().stdout;
    let answer = output.split_once("\n\n").map_or("", |(_, answer)| answer);
    answer.lines().filter_map(|line| line.strip_prefix("Address: ")).map(str::to_owned).collect()
}

#[test]
fn neighbours_are_found_by_all_their_names() {
    let (host, knarr) = host(&[]);
    let asker = run(&knarr, "asker", &["--network", "net"]);
    let db = run(&knarr, "Db", &["--network", "net", "--network-alias", "store"]);
    let stranger = run(&knarr, "stranger", &[]);
    let id = knarr.ok(&["inspect", "-f", "{{.Id}}", "Db"]).unwrap();
    for name in ["db", "DB", "store", "db.net", "store.net", &id[..12]] {
        assert_eq!(lookup(&knarr, "asker", name), [db.as_str()], "{name}");
    }
    assert_eq!(lookup(&knarr, "asker", "asker"), [asker.as_str()]);
    assert!(lookup(&knarr, "asker", "stranger").is_empty(), "somebody of another network is found");
    assert!(!knarr.ok(&["exec", "stranger", "cat", "/etc/resolv.conf"]).unwrap().contains("127.0.0.11"));
    let back = knarr.ok(&["exec", "asker", "nslookup", &db]).unwrap();
    assert!(back.contains("name = Db.net"), "{back}");

    let second = run(&knarr, "second", &["--network", "net", "--network-alias", "store"]);
    let firsts: std::collections::BTreeSet<String> =
        (0..4).filter_map(|_| lookup(&knarr, "asker", "store").into_iter().next()).collect();
    assert_eq!(firsts, [db, second].into(), "two of one name do not take turns");
    knarr.ok(&["rm", "-f", "second"]).unwrap();
    knarr.ok(&["rename", "Db", "renamed"]).unwrap();
    assert_eq!(lookup(&knarr, "asker", "renamed").len(), 1);
    assert!(lookup(&knarr, "asker", "db").is_empty());

    knarr.ok(&["network", "connect", "net", "stranger"]).unwrap();
    assert_eq!(lookup(&knarr, "stranger", "asker"), [asker.as_str()], "joined while running");
    assert_eq!(lookup(&knarr, "asker", "stranger").len(), 1);
    assert_ne!(lookup(&knarr, "asker", "stranger"), [stranger.as_str()], "the address of another network");
    host.finish_with_networks(&["net"]);
}

#[test]
fn names_come_back_with_the_daemon() {
    let (mut host, knarr) = host(&[]);
    run(&knarr, "asker", &["--network", "net"]);
    let db = run(&knarr, "db", &["--network", "net"]);
    host.kill_daemon().unwrap();
    host.resume().unwrap();
    wait_for("names are back", Duration::from_secs(10), || lookup(&knarr, "asker", "db") == [db.as_str()]).unwrap();
    host.finish_with_networks(&["net"]);
}

#[test]
fn a_container_can_serve_names_itself() {
    let (host, knarr) = host(&[]);
    run(&knarr, "server", &["--network", "net"]);
    let pid = knarr.ok(&["inspect", "-f", "{{.State.Pid}}", "server"]).unwrap();
    let namespace = std::fs::File::open(format!("/proc/{pid}/ns/net")).unwrap();
    let bind = move || {
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
        (UdpSocket::bind(("0.0.0.0", 53)).map(drop), std::net::TcpListener::bind(("0.0.0.0", 53)).map(drop))
    };
    let (datagrams, streams) = std::thread::spawn(bind).join().unwrap();
    datagrams.unwrap();
    streams.unwrap();
    host.finish_with_networks(&["net"]);
}

/// A server of names on the host that counts questions and answers each with one address.
fn upstream(address: &str) -> Arc<AtomicU32> {
    let socket = UdpSocket::bind((address, 53)).unwrap();
    let count = Arc::new(AtomicU32::new(0));
    let counter = count.clone();
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            counter.fetch_add(1, Ordering::SeqCst);
            let mut answer = buffer[..length].to_vec();
            (answer[2], answer[3], answer[7]) = (0x81, 0x80, 1);
            answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 192, 0, 2, 77]);
            let _ = socket.send_to(&answer, from);
        }
    });
    count
}

#[test]
fn others_are_asked_for_strangers_but_never_from_an_internal_network() {
    let address = format!("127.{}.{}.77", std::process::id() >> 8 & 0x7f, std::process::id() & 0xff);
    let asked = upstream(&address);
    let (host, knarr) = host(&["--dns", &address]);
    run(&knarr, "asker", &["--network", "net"]);
    run(&knarr, "db", &["--network", "net"]);
    assert_eq!(lookup(&knarr, "asker", "stranger.example"), ["192.0.2.77"]);
    assert_eq!(asked.swap(0, Ordering::SeqCst), 1);
    lookup(&knarr, "asker", "db");
    knarr.run(&["exec", "asker", "nslookup", "-type=mx", "db"]).unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 0, "a neighbour was asked for outside");

    knarr.ok(&["network", "create", "--internal", "inner"]).unwrap();
    run(&knarr, "kept", &["--network", "inner"]);
    assert!(lookup(&knarr, "kept", "stranger.example").is_empty());
    assert_eq!(lookup(&knarr, "kept", "kept").len(), 1);
    assert_eq!(asked.load(Ordering::SeqCst), 0, "a question left the internal network");
    host.finish_with_networks(&["net", "inner"]);
}
