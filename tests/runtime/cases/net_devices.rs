//! `linux.netDevices`: devices of the host's that move into the container.

use std::process::Command;

use knarr_runtime_cases::{Bundle, Runtime, cases};
use serde_json::json;

cases! {
    a_device_moves_with_its_addresses_and_is_up: ["linux/net-devices"] Ours("runc 1.1 and crun 1.21 do not know it"),
    a_device_that_is_not_there_is_an_error: ["linux/net-devices"] Ours("runc 1.1 and crun 1.21 do not know it"),
    it_is_not_for_the_hosts_namespace: ["linux/net-devices"] Ours("runc 1.1 and crun 1.21 do not know it"),
}

/// A pair of devices; when the one that moves goes, both do.
struct Pair(String);

impl Pair {
    fn new(bundle: &Bundle<'_>) -> Self {
        let pair = Self(bundle.id().rsplit_once("kc-").unwrap().1.to_owned());
        ip(&["link", "add", &pair.moves(), "type", "veth", "peer", "name", &format!("kcp{}", pair.0)]);
        ip(&["address", "add", "192.0.2.7/24", "dev", &pair.moves()]);
        ip(&["address", "add", "2001:db8::7/64", "dev", &pair.moves(), "nodad"]);
        pair
    }

    fn moves(&self) -> String {
        format!("kcm{}", self.0)
    }

    fn is_there(&self) -> bool {
        std::path::Path::new(&format!("/sys/class/net/kcp{}", self.0)).exists()
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        if self.is_there() {
            ip(&["link", "delete", &format!("kcp{}", self.0)]);
        }
    }
}

fn ip(words: &[&str]) {
    assert!(Command::new("ip").args(words).status().unwrap().success(), "{words:?}");
}

fn a_device_moves_with_its_addresses_and_is_up(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/busybox", "ip", "address", "show", "dev", "inside"]);
    let pair = Pair::new(&bundle);
    bundle.set("/linux/netDevices", json!({ (pair.moves()): { "name": "inside" } }));
    let told = bundle.output();
    assert!(told.contains("192.0.2.7/24") && told.contains("2001:db8::7/64") && told.contains(",UP"), "{told}");
    // The container's namespace has gone, and with it what was virtual in it.
    knarr_runtime_cases::until("the pair is gone", || !pair.is_there());
}

fn a_device_that_is_not_there_is_an_error(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/linux/netDevices", json!({ "kc-nowhere": {} }));
    assert!(bundle.cannot_run().contains("kc-nowhere"));
}

fn it_is_not_for_the_hosts_namespace(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.without_namespace("network");
    bundle.set("/linux/netDevices", json!({ "lo": {} }));
    assert!(bundle.cannot_run().contains("netDevices"));
}
