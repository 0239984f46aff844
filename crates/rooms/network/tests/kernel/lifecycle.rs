//! Daemons come and go; the kernel follows the records.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use knarr_network::Options;

use crate::machine::{HOST, Machine, NEIGHBOUR, OTHER_NEIGHBOUR, assert_closed, listen, run, talk, tcp, within};

#[test]
fn nothing_is_left_behind() {
    let machine = Machine::new();
    let before = machine.ledger();
    let networks = machine.open();
    let web = machine.start(&networks, "bridge", &[tcp(8080, 80)]);
    machine.release(&networks, &web);
    drop(web);
    within(&machine.host, || networks.close()).unwrap();
    machine.must_settle_to(&before);
}

#[test]
fn the_last_of_two_daemons_puts_the_host_back() {
    let machine = Machine::new();
    let before = machine.ledger();
    let server = listen(&machine.other, 80);
    let first = machine.open();
    let second = machine.open_as("b", &Options { bridge: "knarr1".to_owned(), ..Default::default() }, &[]);
    let web = machine.start(&second, "bridge", &[tcp(8080, 80)]);
    within(&machine.host, || first.close()).unwrap();
    talk(&machine.neighbour, HOST, 8080, &listen(&web.namespace, 80)).unwrap();
    assert_closed(talk(&machine.neighbour, OTHER_NEIGHBOUR, 80, &server));
    machine.release(&second, &web);
    within(&machine.host, || second.close()).unwrap();
    machine.must_settle_to(&before);
}

#[test]
fn two_daemons_containers_use_each_others_ports() {
    let machine = Machine::new();
    let first = machine.open();
    let second = machine.open_as("b", &Options { bridge: "knarr1".to_owned(), ..Default::default() }, &[]);
    let web = machine.start(&first, "bridge", &[tcp(8080, 80)]);
    let client = machine.start(&second, "bridge", &[]);
    let server = listen(&web.namespace, 80);
    talk(&client.namespace, HOST, 8080, &server).unwrap();
    assert_closed(talk(&client.namespace, web.endpoint.address, 80, &server));
    let busy = machine.try_start(&second, "bridge", &[tcp(8080, 80)]).err().unwrap();
    assert!(busy.to_string().contains("failed to bind host port"), "{busy}");
}

#[test]
fn a_restart_finds_everything_and_removes_what_died() {
    let machine = Machine::new();
    let networks = machine.open();
    let web = machine.start(&networks, "bridge", &[tcp(8080, 80)]);
    let dead = machine.start(&networks, "bridge", &[tcp(8081, 80)]);
    let server = listen(&web.namespace, 80);
    let gone = listen(&dead.namespace, 80);
    drop(networks);
    talk(&machine.neighbour, HOST, 8080, &server).unwrap();
    // While nobody watched, the rules went, and the bridge with them.
    run(&machine.host, "nft flush ruleset");
    run(&machine.host, "ip link delete knarr0");
    let networks = machine.open_as("a", &Options::default(), &[&web]);
    assert_eq!(talk(&machine.neighbour, HOST, 8080, &server).unwrap(), NEIGHBOUR);
    assert_closed(talk(&machine.neighbour, HOST, 8081, &gone));
    let next = machine.start(&networks, "bridge", &[tcp(8081, 80)]);
    assert_ne!(next.endpoint.address, web.endpoint.address);
    assert_ne!(next.endpoint.address, dead.endpoint.address);
    let busy = machine.try_start(&networks, "bridge", &[tcp(8080, 80)]).err().unwrap();
    assert!(busy.to_string().contains("port is already allocated"), "{busy}");
}

#[test]
fn a_freed_address_rests() {
    let machine = Machine::new();
    let networks = machine.open();
    let mut seen = BTreeSet::new();
    for _ in 0..5 {
        let web = machine.start(&networks, "bridge", &[]);
        assert!(seen.insert(web.endpoint.address));
        machine.release(&networks, &web);
    }
}

#[test]
fn containers_without_a_network_have_loopback_only() {
    let machine = Machine::new();
    let networks = machine.open();
    let sandbox = within(&machine.host, || networks.isolated()).unwrap().into_namespace();
    assert_eq!(run(&sandbox, "ip -o link").lines().count(), 1);
    talk(&sandbox, Ipv4Addr::LOCALHOST, 80, &listen(&sandbox, 80)).unwrap();
}
