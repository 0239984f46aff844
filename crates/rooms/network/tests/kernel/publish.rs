//! Published ports, from every side.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};

use knarr_model::Fault;
use knarr_network::{PortRequest, Protocol};

use crate::machine::{
    HOST, Machine, NEIGHBOUR, OTHER_HOST, PATIENCE, assert_closed, listen, talk, talk_udp, tcp, within,
};

#[test]
fn a_port_answers_on_every_address_of_the_host() {
    let machine = Machine::new();
    let networks = machine.open();
    let web = machine.start(&networks, "bridge", &[tcp(8080, 80)]);
    let server = listen(&web.namespace, 80);
    let gateway = web.endpoint.gateway.unwrap();
    for address in [Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 0, 9), HOST, OTHER_HOST, gateway] {
        talk(&machine.host, address, 8080, &server).unwrap_or_else(|e| panic!("{address}: {e}"));
    }
    let seen = talk(&machine.host, web.endpoint.address, 80, &server).unwrap();
    assert_eq!(seen, gateway);
}

#[test]
fn neighbours_reach_a_port_and_are_seen_as_themselves() {
    let machine = Machine::new();
    let networks = machine.open();
    let web = machine.start(&networks, "bridge", &[tcp(8080, 80)]);
    let server = listen(&web.namespace, 80);
    assert_eq!(talk(&machine.neighbour, HOST, 8080, &server).unwrap(), NEIGHBOUR);
    talk(&machine.neighbour, OTHER_HOST, 8080, &server).unwrap();
    machine.release(&networks, &web);
    assert_closed(talk(&machine.neighbour, HOST, 8080, &server));
}

#[test]
fn containers_reach_ports_by_the_host_also_their_own() {
    let machine = Machine::new();
    let networks = machine.open();
    let new = knarr_network::NewNetwork { name: "other".to_owned(), ..Default::default() };
    machine.create(&networks, new).unwrap();
    let web = machine.start(&networks, "bridge", &[tcp(8080, 80)]);
    let sibling = machine.start(&networks, "bridge", &[]);
    let stranger = machine.start(&networks, "other", &[]);
    let server = listen(&web.namespace, 80);
    for from in [&web, &sibling, &stranger] {
        talk(&from.namespace, HOST, 8080, &server).unwrap();
        talk(&from.namespace, from.endpoint.gateway.unwrap(), 8080, &server).unwrap();
    }
    assert_eq!(talk(&sibling.namespace, web.endpoint.address, 80, &server).unwrap(), sibling.endpoint.address);
    assert_closed(talk(&stranger.namespace, web.endpoint.address, 80, &server));
}

#[test]
fn datagrams_find_their_way_and_back() {
    let machine = Machine::new();
    let networks = machine.open();
    let port = PortRequest { protocol: Protocol::Udp, ..tcp(5353, 53) };
    let web = machine.start(&networks, "bridge", &[port]);
    let server = within(&web.namespace, || UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 53))).unwrap();
    talk_udp(&machine.host, Ipv4Addr::LOCALHOST, 5353, &server).unwrap();
    talk_udp(&machine.host, HOST, 5353, &server).unwrap();
    assert_eq!(talk_udp(&machine.neighbour, HOST, 5353, &server).unwrap(), NEIGHBOUR);
    assert_eq!(talk_udp(&web.namespace, HOST, 5353, &server).unwrap(), web.endpoint.gateway.unwrap());
}

#[test]
fn a_client_that_goes_on_sending_finds_the_next_container() {
    let machine = Machine::new();
    let networks = machine.open();
    let port = PortRequest { protocol: Protocol::Udp, ..tcp(5353, 53) };
    let client = within(&machine.neighbour, || UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))).unwrap();
    client.connect((HOST, 5353)).unwrap();
    // Nobody is there yet: the host itself refuses.
    client.send(b"ping").unwrap();
    for _ in 0..2 {
        let web = machine.start(&networks, "bridge", std::slice::from_ref(&port));
        let server = within(&web.namespace, || UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 53))).unwrap();
        server.set_read_timeout(Some(PATIENCE)).unwrap();
        let _ = client.take_error();
        client.send(b"ping").unwrap();
        server.recv_from(&mut [0; 4]).unwrap();
        machine.release(&networks, &web);
    }
}

#[test]
fn one_address_of_the_host_leaves_the_others_closed() {
    let machine = Machine::new();
    let networks = machine.open();
    let on = |host_ip, port| PortRequest { host_ip, ..tcp(port, 80) };
    let web = machine.start(&networks, "bridge", &[on(OTHER_HOST, 8080), on(Ipv4Addr::LOCALHOST, 8081)]);
    let server = listen(&web.namespace, 80);
    talk(&machine.other, OTHER_HOST, 8080, &server).unwrap();
    assert_closed(talk(&machine.neighbour, HOST, 8080, &server));
    assert_closed(talk(&machine.host, Ipv4Addr::LOCALHOST, 8080, &server));
    talk(&machine.host, Ipv4Addr::LOCALHOST, 8081, &server).unwrap();
    assert_closed(talk(&machine.neighbour, HOST, 8081, &server));
}

#[test]
fn ranges_and_free_choice_skip_what_is_taken() {
    let machine = Machine::new();
    let networks = machine.open();
    let _busy = within(&machine.host, || TcpListener::bind((Ipv4Addr::UNSPECIFIED, 9001))).unwrap();
    let range = PortRequest { host_ports: Some((9000, 9002)), ..tcp(0, 80) };
    let ports: Vec<_> = (0..2).map(|_| machine.start(&networks, "bridge", std::slice::from_ref(&range))).collect();
    assert_eq!([9000, 9002], [ports[0].endpoint.ports[0].host_port, ports[1].endpoint.ports[0].host_port]);
    let full = machine.try_start(&networks, "bridge", &[range]).err().unwrap();
    assert!(full.to_string().contains("no host port is free for 0.0.0.0:9000-9002:80/tcp"), "{full}");
    let free = machine.start(&networks, "bridge", &[tcp(0, 80)]);
    let server = listen(&free.namespace, 80);
    talk(&machine.neighbour, HOST, free.endpoint.ports[0].host_port, &server).unwrap();
}

#[test]
fn a_busy_port_is_named_and_leaves_nothing() {
    let machine = Machine::new();
    let networks = machine.open();
    let busy = listen(&machine.host, 8080);
    let error = machine.try_start(&networks, "bridge", &[tcp(8081, 81), tcp(8080, 80)]).err().unwrap();
    let gateway = networks.find("bridge").unwrap().bridge.unwrap().gateway;
    let [a, b, c, d] = gateway.octets();
    let text = format!(
        "driver failed programming external connectivity on endpoint web: failed to bind host port for \
         0.0.0.0:8080:{}:80/tcp: address already in use",
        Ipv4Addr::new(a, b, c, d + 1)
    );
    assert_eq!(Fault::from(error).full(), text);
    talk(&machine.host, Ipv4Addr::LOCALHOST, 8080, &busy).unwrap();
    drop(busy);
    let _web = machine.start(&networks, "bridge", &[tcp(8081, 81), tcp(8080, 80)]);
    let error = machine.try_start(&networks, "bridge", &[tcp(8080, 80)]).err().unwrap();
    assert!(error.to_string().ends_with("Bind for 0.0.0.0:8080 failed: port is already allocated"), "{error}");
    let taken = within(&machine.host, || TcpListener::bind((Ipv4Addr::UNSPECIFIED, 8080))).map(drop);
    assert_eq!(taken.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
}
