//! Flaw row 23: lengths that overflow on the way to the first process (CVE-2021-43784).
//!
//! Guard: nothing of the document is packed into messages with lengths; the child is a copy of the parent, and `link`
//! cuts the middle out of what it sends. Seen to fail with `TEXT_LIMIT` left out: the error's packet is refused by the kernel, and no reason is told.

use knarr_runtime_cases::{Runtime, cases};
use serde_json::{Value, json};

cases! {
    a_megabyte_of_id_maps_is_refused_or_works: ["flaw/23"],
    a_megabyte_of_environment_arrives: ["flaw/23"],
    a_megabyte_of_arguments_arrives: ["flaw/23"],
    an_error_of_a_megabyte_is_told: ["flaw/23"],
}

fn a_megabyte_of_id_maps_is_refused_or_works(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    let maps: Vec<Value> =
        (0..20_000_u32).map(|n| json!({ "containerID": n * 2, "hostID": 200_000 + n, "size": 1 })).collect();
    bundle.namespace("user", None);
    bundle.set("/linux/uidMappings", maps.clone());
    bundle.set("/linux/gidMappings", maps);
    bundle.belongs_to(200_000);
    bundle.cannot_run();
}

fn a_megabyte_of_environment_arrives(runtime: &Runtime) {
    let mut bundle = runtime.shell("env | wc -c");
    for number in 0..10 {
        bundle.push("/process/env", format!("V{number}={}", "x".repeat(100_000)));
    }
    assert!(bundle.output().trim().parse::<usize>().unwrap() > 1_000_000);
}

fn a_megabyte_of_arguments_arrives(runtime: &Runtime) {
    let mut bundle = runtime.program(&[]);
    let long = "x".repeat(100_000);
    let mut args = vec!["/bin/sh".to_owned(), "-c".to_owned(), "echo $#".to_owned(), "sh".to_owned()];
    args.extend((0..10).map(|_| long.clone()));
    bundle.set("/process/args", args);
    assert_eq!(bundle.output(), "10\n");
}

fn an_error_of_a_megabyte_is_told(runtime: &Runtime) {
    let mut bundle = runtime.program(&[]);
    bundle.set("/process/args", json!([format!("/no/{}", "x".repeat(1_000_000))]));
    let said = bundle.cannot_run();
    assert!(said.contains("/no/xxx") && said.contains("file name too long"), "{}", said.len());
}
