//! Row 24: names are no paths.

use knarr_e2e::probe::IMAGE;
use serde_json::json;

use crate::host;

/// Guards: containers and volumes have names of letters (`valid_name` of the model), `validate::valid_hostname` knows labels, and
/// `validate::cgroup_parent` no `..`. Seen to fail without each: the container, or the volume, is created.
#[test]
fn a_name_with_a_way_in_it_is_refused() {
    let (host, _) = host();
    for client in [host.knarr(), host.docker()] {
        for flags in [
            ["--name", "../x"],
            ["--name", "a/b"],
            ["--name", ".."],
            ["--name", "a\nb"],
            ["--hostname", "../x"],
            ["--hostname", "a/b"],
            ["--hostname", ".."],
            ["--cgroup-parent", "/a/../../b"],
            ["--cgroup-parent", ".."],
            ["--cgroup-parent", "a/./b"],
            ["--cgroup-parent", "a\nb"],
            ["-v", "a/b:/z"],
            ["--mount", "type=volume,src=../x,dst=/z"],
            ["--mount", "type=volume,src=a/b,dst=/z"],
            ["--volumes-from", "../x"],
        ] {
            let create = client.run(&["create", flags[0], flags[1], IMAGE, "true"]).unwrap();
            assert!(create.code != 0, "{} {flags:?}: {create:?}", client.name());
        }
        for words in [["volume", "create", "a/b"], ["volume", "create", "../x"], ["network", "create", "../x"]] {
            client.fails(&words).unwrap();
        }
        client.fails(&["tag", IMAGE, "../x"]).unwrap();
    }
    assert_eq!(host.knarr().ok(&["ps", "-aq"]).unwrap(), "");
    host.finish().unwrap();
}

/// Names and ids in a request's path and body, too. Guard: `valid_name` of the model. Seen to fail without it: a volume is made beside the
/// others' folder.
#[test]
fn a_way_in_a_request_leads_nowhere() {
    let (host, _) = host();
    for path in [
        "/containers/..%2f..%2fx/json",
        "/containers/../x/json",
        "/containers/%2e%2e/json",
        "/containers/x%00/json",
        "/volumes/..%2fx",
        "/networks/..%2fx",
        "/exec/..%2fx/json",
        "/images/..%2f..%2fx/json",
        "/distribution/..%2f..%2fx/json",
    ] {
        let answer = host.http().ask("GET", path).unwrap();
        assert!((300..500).contains(&answer.status), "{path}: {} {}", answer.status, answer.text());
    }
    for name in ["../x", "..", "a/b", "/etc", "a\0b", ".hidden/../../x"] {
        let body = json!({ "Name": name }).to_string();
        for group in ["volumes", "networks"] {
            let answer = host.http().send("POST", &format!("/{group}/create"), &body).unwrap();
            assert_eq!(answer.status, 400, "{group} {name:?}: {}", answer.text());
        }
    }
    host.finish().unwrap();
}

/// The root itself is no way out of it.
#[test]
fn the_root_may_be_a_cgroup_parent() {
    let (host, knarr) = host();
    let show = [
        "run",
        "--rm",
        "--cgroupns",
        "host",
        "--cgroup-parent",
        "/",
        IMAGE,
        "cat",
        "/proc/self/cgroup",
        "/etc/hostname",
    ];
    let shown = knarr.ok(&show).unwrap();
    let (cgroups, name) = shown.rsplit_once('\n').unwrap();
    assert!(cgroups.lines().any(|line| line.contains(&format!(":/{name}"))), "{shown}");
    host.finish().unwrap();
}
