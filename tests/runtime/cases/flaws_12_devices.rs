//! Flaw row 12: a device list that is read as a denylist (GHSA-g54h-m393-cpwq).
//!
//! Guard: `devices::effective` starts every list by denying all. Seen to fail without it: memory can be opened.

use knarr_runtime_cases::{Runtime, cases};
use serde_json::json;

cases! {
    a_list_that_only_denies_something_allows_nothing: ["flaw/12"] Ours("runc and crun read the list as it is"),
    devices_of_the_host_cannot_be_opened: ["flaw/12"],
}

const OPEN: &str = "for d in 'c 1 1' 'c 1 2' 'b 7 0' 'b 254 0' 'b 8 0' 'c 10 237'; do rm -f /etc/node; \
                    mknod /etc/node $d 2>/dev/null; (: < /etc/node) 2>/dev/null && echo $d; done; true";

fn a_list_that_only_denies_something_allows_nothing(runtime: &Runtime) {
    let mut bundle = runtime.shell(OPEN);
    bundle.capabilities(&["CAP_MKNOD", "CAP_SYS_RAWIO"]);
    bundle.set("/linux/resources/devices", json!([{ "allow": false, "type": "c", "major": 10, "minor": 1, "access": "rwm" }]));
    assert_eq!(bundle.output(), "");
}

fn devices_of_the_host_cannot_be_opened(runtime: &Runtime) {
    let mut bundle = runtime.shell(OPEN);
    bundle.capabilities(&["CAP_MKNOD", "CAP_SYS_RAWIO"]);
    assert_eq!(bundle.output(), "");
}
