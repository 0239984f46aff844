//! What must not come through (flaw rows 30 to 32).

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use knarr_network::{NewNetwork, PortRequest};

use crate::machine::{
    HOST, Machine, NEIGHBOUR, OTHER_HOST, OTHER_NEIGHBOUR, assert_closed, listen, run, talk, tcp, within,
};

#[test]
fn containers_reach_out_under_the_hosts_address() {
    let machine = Machine::new();
    let networks = machine.open();
    let web = machine.start(&networks, "bridge", &[]);
    assert_eq!(talk(&web.namespace, NEIGHBOUR, 80, &listen(&machine.neighbour, 80)).unwrap(), HOST);
    assert_eq!(talk(&web.namespace, OTHER_NEIGHBOUR, 80, &listen(&machine.other, 80)).unwrap(), OTHER_HOST);
}

#[test]
fn a_neighbour_cannot_reach_a_container_directly() {
    let machine = Machine::new();
    let networks = machine.open();
    let web = machine.start(&networks, "bridge", &[tcp(8080, 80)]);
    let server = listen(&web.namespace, 80);
    // The neighbour's default route leads to the host.
    assert_closed(talk(&machine.neighbour, web.endpoint.address, 80, &server));
    talk(&machine.neighbour, HOST, 8080, &server).unwrap();
}

#[test]
fn a_neighbour_cannot_reach_the_hosts_loopback() {
    let machine = Machine::new();
    let networks = machine.open();
    let loopback = PortRequest { host_ip: Ipv4Addr::LOCALHOST, ..tcp(8080, 80) };
    let web = machine.start(&networks, "bridge", &[loopback, tcp(8081, 80)]);
    let server = listen(&web.namespace, 80);
    let own = listen(&machine.host, 7000);
    // The neighbour, and a hostile container, send 127.0.0.1 to the host's hardware address.
    for from in [&machine.neighbour, &web.namespace] {
        run(from, "ip addr del 127.0.0.1/8 dev lo");
        let gateway = if std::ptr::eq(from, &machine.neighbour) { HOST } else { web.endpoint.gateway.unwrap() };
        within(from, || std::fs::write("/proc/sys/net/ipv4/conf/eth0/route_localnet", "1")).unwrap();
        run(from, &format!("ip route add 127.0.0.1/32 via {gateway} dev eth0"));
        for (port, server) in [(8080, &server), (8081, &server), (7000, &own)] {
            assert_closed(talk(from, Ipv4Addr::LOCALHOST, port, server));
        }
    }
    talk(&machine.host, Ipv4Addr::LOCALHOST, 8080, &server).unwrap();
}

#[test]
fn the_host_does_not_become_a_router() {
    let machine = Machine::new();
    let server = listen(&machine.other, 80);
    let networks = machine.open();
    assert_eq!(run(&machine.host, "cat /proc/sys/net/ipv4/ip_forward").trim(), "1");
    assert_closed(talk(&machine.neighbour, OTHER_NEIGHBOUR, 80, &server));
    drop(networks);
}

#[test]
fn transit_traffic_to_a_published_port_is_left_alone() {
    let machine = Machine::new();
    run(&machine.host, "sysctl -q -w net.ipv4.ip_forward=1");
    let networks = machine.open();
    let web = machine.start(&networks, "bridge", &[tcp(8080, 80)]);
    let mine = listen(&web.namespace, 80);
    let theirs = listen(&machine.other, 8080);
    assert_eq!(talk(&machine.neighbour, OTHER_NEIGHBOUR, 8080, &theirs).unwrap(), NEIGHBOUR);
    talk(&machine.neighbour, HOST, 8080, &mine).unwrap();
}

#[test]
fn an_internal_network_has_no_way_out_and_in() {
    let machine = Machine::new();
    let networks = machine.open();
    let new = NewNetwork { name: "inner".to_owned(), internal: true, ..Default::default() };
    machine.create(&networks, new).unwrap();
    let (one, two) = (machine.start(&networks, "inner", &[]), machine.start(&networks, "inner", &[]));
    let web = machine.start(&networks, "bridge", &[tcp(8080, 80)]);
    let server = listen(&one.namespace, 80);
    assert_eq!(talk(&two.namespace, one.endpoint.address, 80, &server).unwrap(), two.endpoint.address);
    // Even one that knows the way.
    let bridge = networks.find("inner").unwrap().bridge.unwrap();
    run(&two.namespace, &format!("ip route add default via {}", bridge.gateway));
    assert_closed(talk(&two.namespace, NEIGHBOUR, 80, &listen(&machine.neighbour, 80)));
    assert_closed(talk(&two.namespace, HOST, 8080, &listen(&web.namespace, 80)));
}

#[test]
fn a_flushed_firewall_comes_back() {
    let machine = Machine::new();
    let networks = machine.open();
    let web = machine.start(&networks, "bridge", &[tcp(8080, 80)]);
    let server = listen(&web.namespace, 80);
    let before = run(&machine.host, "nft list ruleset");
    run(&machine.host, "nft flush ruleset");
    let deadline = Instant::now() + Duration::from_secs(1);
    while run(&machine.host, "nft list ruleset") != before {
        assert!(Instant::now() < deadline, "{before}");
    }
    talk(&machine.neighbour, HOST, 8080, &server).unwrap();
    drop(networks);
}

#[test]
fn there_is_no_ipv6() {
    let machine = Machine::new();
    let networks = machine.open();
    let web = machine.start(&networks, "bridge", &[]);
    assert_eq!(run(&web.namespace, "ip -6 addr"), "");
    assert_eq!(run(&machine.host, "ip -6 addr show dev knarr0"), "");
}
