//! `process.user`: ids, groups, umask.

use knarr_runtime_cases::{Runtime, cases, status_field};
use serde_json::json;

cases! {
    ids_are_set: ["config/user"],
    all_four_ids_are_the_same: ["config/user"],
    groups_are_the_documents_and_no_others: ["config/user", "flaw/16"],
    no_groups_are_none: ["config/user", "flaw/16"],
    umask_is_set: ["config/umask"],
    umask_is_22_by_default: ["config/umask"],
    ids_above_31_bits_are_refused: ["config/user", "flaw/15"],
    ids_that_are_no_numbers_are_refused: ["config/user", "flaw/15"],
    a_user_can_open_its_own_standard_output: ["config/user"],
    an_unmapped_id_is_refused: ["config/user"],
}

fn ids_are_set(runtime: &Runtime) {
    let mut bundle = runtime.shell("id -u; id -g");
    bundle.set("/process/user", json!({ "uid": 1234, "gid": 5678 }));
    assert_eq!(bundle.output(), "1234\n5678\n");
}

fn all_four_ids_are_the_same(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/status"]);
    bundle.set("/process/user", json!({ "uid": 1234, "gid": 5678 }));
    let status = bundle.output();
    assert_eq!(status_field(&status, "Uid"), "1234\t1234\t1234\t1234");
    assert_eq!(status_field(&status, "Gid"), "5678\t5678\t5678\t5678");
}

fn groups_are_the_documents_and_no_others(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/status"]);
    bundle.set("/process/user", json!({ "uid": 1000, "gid": 7, "additionalGids": [9, 8] }));
    assert_eq!(status_field(&bundle.output(), "Groups"), "8 9");
}

fn no_groups_are_none(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/cat", "/proc/self/status"]);
    assert_eq!(status_field(&bundle.output(), "Groups"), "");
}

fn umask_is_set(runtime: &Runtime) {
    let mut bundle = runtime.shell("umask; touch /etc/file; stat -c %a /etc/file");
    bundle.set("/process/user/umask", 0o077);
    assert_eq!(bundle.output(), "0077\n600\n");
}

fn umask_is_22_by_default(runtime: &Runtime) {
    assert_eq!(runtime.shell("umask").output(), "0022\n");
}

fn ids_above_31_bits_are_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    for field in ["uid", "gid"] {
        bundle.set("/process/user", json!({ "uid": 0, "gid": 0, field: 4_294_967_295_u64 }));
        bundle.cannot_run();
    }
}

fn ids_that_are_no_numbers_are_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    for id in [json!(-1), json!("0"), json!(4_294_967_296_u64), json!(0.5), json!([0])] {
        bundle.set("/process/user", json!({ "uid": id, "gid": 0 }));
        bundle.cannot_run();
    }
}

fn a_user_can_open_its_own_standard_output(runtime: &Runtime) {
    let mut bundle = runtime.shell("echo again > /dev/stdout");
    bundle.set("/process/user/uid", 1000);
    let output = bundle.spawn().wait_with_output().unwrap();
    assert_eq!(output.stdout, b"again\n");
}

fn an_unmapped_id_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.namespace("user", None);
    let map = json!([{ "containerID": 0, "hostID": 200_000, "size": 1000 }]);
    bundle.set("/linux/uidMappings", map.clone());
    bundle.set("/linux/gidMappings", map);
    bundle.belongs_to(200_000);
    bundle.set("/process/user/uid", 5000);
    bundle.cannot_run();
}
