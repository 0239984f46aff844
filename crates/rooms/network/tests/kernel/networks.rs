//! Networks as objects: create, look up, remove, and what is refused.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use knarr_model::{Fault, Kind};
use knarr_network::{Attach, NetworkError, Networks, NewNetwork, Options, Sandbox};
use knarr_store::Store;

use crate::machine::{Machine, listen, run, talk, within};

fn new(name: &str) -> NewNetwork {
    NewNetwork { name: name.to_owned(), ..Default::default() }
}

#[test]
fn predefined_networks_are_there_and_stay() {
    let machine = Machine::new();
    let networks = machine.open();
    let names: Vec<_> = networks.list().unwrap().into_iter().map(|network| network.name).collect();
    assert_eq!(names, ["bridge", "host", "none"]);
    let bridge = networks.find("default").unwrap().bridge.unwrap();
    assert_eq!((bridge.subnet.to_string().as_str(), bridge.mtu), ("172.17.0.0/16", 1400));
    for name in ["bridge", "host", "none"] {
        let fault = Fault::from(within(&machine.host, || networks.remove(name)).unwrap_err());
        assert_eq!(fault.kind(), Kind::Forbidden);
        assert_eq!(fault.message(), format!("{name} is a pre-defined network and cannot be removed"));
    }
}

#[test]
fn subnets_avoid_what_the_host_uses() {
    let machine = Machine::new();
    run(&machine.host, "ip route add 172.17.0.0/16 via 198.51.100.2");
    let networks = machine.open();
    let subnet = |name: &str| networks.find(name).unwrap().bridge.unwrap().subnet.to_string();
    assert_eq!(subnet("bridge"), "172.18.0.0/16");
    machine.create(&networks, new("one")).unwrap();
    assert_eq!(subnet("one"), "172.19.0.0/16");
    let second = machine.open_as("b", &Options { bridge: "knarr1".to_owned(), ..Default::default() }, &[]);
    assert_eq!(second.find("bridge").unwrap().bridge.unwrap().subnet.to_string(), "172.20.0.0/16");
    let taken = NewNetwork { subnet: Some("172.20.5.0/24".parse().unwrap()), ..new("two") };
    let error = machine.create(&networks, taken).unwrap_err();
    assert!(matches!(error, NetworkError::Overlap { .. }), "{error}");
}

#[test]
fn a_network_is_found_by_its_ids_beginning_and_removed() {
    let machine = Machine::new();
    let networks = machine.open();
    let network = machine.create(&networks, new("one")).unwrap();
    assert_eq!(networks.find(&network.id[..12]).unwrap(), network);
    assert!(matches!(machine.create(&networks, new("one")), Err(NetworkError::NameTaken(_))));
    let web = machine.start(&networks, "one", &[]);
    let error = within(&machine.host, || networks.remove("one")).unwrap_err();
    assert!(matches!(error, NetworkError::InUse { .. }), "{error}");
    machine.release(&networks, &web);
    within(&machine.host, || networks.remove("one")).unwrap();
    assert!(matches!(networks.find("one"), Err(NetworkError::NotFound(_))));
    let deadline = Instant::now() + Duration::from_secs(2);
    // The container's link goes in the background.
    while run(&machine.host, "ip -o link").contains(&web.endpoint.host_link) {
        assert!(Instant::now() < deadline);
    }
    assert!(!run(&machine.host, "ip -o link").contains(&network.bridge.unwrap().link));
}

#[test]
fn wrong_networks_are_refused() {
    let machine = Machine::new();
    let networks = machine.open();
    let subnet = Some("10.1.0.0/24".parse().unwrap());
    let with = |key: &str, value: &str| {
        let options = [(key.to_owned(), value.to_owned())].into();
        NewNetwork { options, ..new("x1") }
    };
    let wrong = [
        new("../x"),
        new("default"),
        NewNetwork { driver: "overlay".to_owned(), ..new("x1") },
        NewNetwork { gateway: Some(Ipv4Addr::new(10, 1, 0, 1)), ..new("x1") },
        NewNetwork { subnet, gateway: Some(Ipv4Addr::new(10, 2, 0, 1)), ..new("x1") },
        NewNetwork { subnet, range: Some("10.2.0.0/24".parse().unwrap()), ..new("x1") },
        NewNetwork { subnet: Some("10.1.0.0/31".parse().unwrap()), ..new("x1") },
        with("com.docker.network.bridge.enable_icc", "false"),
        with("com.docker.network.driver.mtu", "9"),
        with("com.docker.network.bridge.name", "../up0"),
        with("com.docker.network.bridge.name", "up0"),
    ];
    let links = || run(&machine.host, "ip -o link show type bridge");
    let before = links();
    for request in wrong {
        let text = format!("{request:?}");
        assert!(machine.create(&networks, request).is_err(), "{text}");
    }
    assert_eq!((links(), networks.list().unwrap().len()), (before, 3));
}

#[test]
fn a_link_of_somebody_else_is_left_alone() {
    let machine = Machine::new();
    let before = machine.ledger();
    let store = Arc::new(Store::open(&machine.folder().join("meta.db")).unwrap());
    let options = Options { bridge: "up0".to_owned(), ..Options::default() };
    let opened = within(&machine.host, || Networks::open(store, &options, &BTreeSet::new()).map(drop));
    assert!(matches!(opened, Err(NetworkError::LinkTaken(name)) if name == "up0"));
    machine.must_settle_to(&before);
}

#[test]
fn a_container_joins_and_leaves_a_second_network_while_it_runs() {
    let machine = Machine::new();
    let networks = machine.open();
    let subnet = Some("10.1.0.0/24".parse().unwrap());
    machine.create(&networks, NewNetwork { subnet, ..new("back") }).unwrap();
    let web = machine.start(&networks, "bridge", &[]);
    let database = machine.start(&networks, "back", &[]);
    let server = listen(&database.namespace, 5432);
    let request = |address| Attach {
        container: web.id.clone(),
        name: "web".to_owned(),
        network: "back".to_owned(),
        address: Some(address),
        mac: None,
        ports: Vec::new(),
    };
    let mut sandbox = within(&machine.host, || Sandbox::of(web.namespace.try_clone().unwrap())).unwrap();
    let mut connect = |address| within(&machine.host, || networks.connect(&mut sandbox, &request(address)));
    let wanted = Ipv4Addr::new(10, 1, 0, 77);
    assert!(matches!(connect(database.endpoint.address), Err(NetworkError::AddressTaken(_))));
    assert!(matches!(connect(Ipv4Addr::new(10, 2, 0, 1)), Err(NetworkError::AddressOutside { .. })));
    let endpoint = connect(wanted).unwrap();
    assert_eq!((endpoint.address, endpoint.link.as_str()), (wanted, "eth1"));
    assert_eq!(talk(&web.namespace, database.endpoint.address, 5432, &server).unwrap(), wanted);
    assert!(matches!(connect(wanted), Err(NetworkError::Connected { .. })));
    within(&machine.host, || networks.disconnect(&web.id, "back")).unwrap();
    assert!(!run(&web.namespace, "ip -o link").contains("eth1"));
    assert!(run(&web.namespace, "ip -o link").contains("eth0"));
}
