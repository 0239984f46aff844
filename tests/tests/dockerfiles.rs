//! Every case of `tests/dockerfiles`: knarr makes of it what Docker made of it when it was recorded.

use std::fmt::Write as _;
use std::fs;

use knarr_e2e::corpus::{BASE, Bench, Case, FAILS, FileServer, Snapshots, Table, make_context, tables};
use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host};

#[test]
fn add() {
    like_docker("add");
}

#[test]
fn config() {
    like_docker("config");
}

#[test]
fn copy() {
    like_docker("copy");
}

#[test]
fn ignore() {
    like_docker("ignore");
}

#[test]
fn run() {
    like_docker("run");
}

#[test]
fn syntax() {
    like_docker("syntax");
}

#[test]
fn variables() {
    like_docker("variables");
}

#[test]
fn every_table_is_run() {
    let names: Vec<String> = tables().unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["add", "config", "copy", "ignore", "run", "syntax", "variables"]);
}

fn like_docker(name: &str) {
    let (_, path) = tables().unwrap().into_iter().find(|(table, _)| table == name).unwrap();
    let table = Table::parse(&fs::read_to_string(path).unwrap()).unwrap();
    let host = Host::start().unwrap();
    let client = host.knarr();
    import_busybox(&client, BASE).unwrap();
    let folder = host.path().join("context");
    make_context(&folder).unwrap();
    let server = FileServer::start(&folder).unwrap();
    let bench = Bench { client: &client, folder: &folder, seen: &folder, server: &server.url() };
    let snapshots = Snapshots::new(&client, bench.server).unwrap();
    let mut wrong = String::new();
    for case in &table.0 {
        if let Some(difference) = difference(&bench, &snapshots, case) {
            writeln!(wrong, "=== {}\n{difference}", case.name).unwrap();
        }
    }
    assert!(wrong.is_empty(), "not as expected:\n{wrong}");
    assert_eq!(leftovers(&client), "");
    host.finish().unwrap();
}

/// What is other than expected: lines with `-` are missing, those with `+` should not be there.
fn difference(bench: &Bench<'_>, snapshots: &Snapshots<'_>, case: &Case) -> Option<String> {
    let output = bench.build(case).unwrap();
    let message = output.stderr.trim_end();
    if output.code != 0 && case.ours() == FAILS {
        let told = !case.error.is_empty() && message.contains(case.error.trim_end());
        return (!told).then(|| format!("- {}+ {message}", case.error));
    }
    let found = match output.code {
        0 => snapshots.of(&case.image()).unwrap() + &snapshots.history(&case.image(), case.from()).unwrap(),
        _ => format!("{FAILS}{message}\n"),
    };
    if found == case.ours() {
        return None;
    }
    let (ours, theirs): (Vec<&str>, Vec<&str>) = (found.lines().collect(), case.ours().lines().collect());
    let missing = theirs.iter().filter(|line| !ours.contains(line)).map(|line| format!("- {line}\n"));
    let extra = ours.iter().filter(|line| !theirs.contains(line)).map(|line| format!("+ {line}\n"));
    Some(missing.chain(extra).collect())
}

/// Containers that builds left.
fn leftovers(client: &Client) -> String {
    client.ok(&["ps", "-aq"]).unwrap()
}
