//! Rows 18 and 19: what a container may do comes from the live request, and what is not understood of it is refused.

use knarr_e2e::probe::IMAGE;
use serde_json::json;

use crate::host;

/// Row 18 (CVE-2024-8676 and its kin): no checkpoint is restored, or made. Guard: `routes::containers::checkpoints` of the API's door. Seen to fail
/// without it: the container is started afresh; the other requests find no page.
#[test]
fn a_checkpoint_is_not_restored() {
    let (host, knarr) = host();
    knarr.ok(&["create", "--name", "fresh", IMAGE, "true"]).unwrap();
    let start = "/containers/fresh/start?checkpoint=one&checkpoint-dir=/tmp";
    for (method, path) in [
        ("POST", start),
        ("POST", "/containers/fresh/start?checkpoint-dir=/tmp"),
        ("POST", "/containers/fresh/checkpoints"),
        ("GET", "/v1.45/containers/fresh/checkpoints"),
        ("DELETE", "/containers/fresh/checkpoints/one"),
    ] {
        let answer = host.http().send(method, path, r#"{"CheckpointID":"one"}"#).unwrap();
        assert_eq!(answer.status, 400, "{method} {path}: {}", answer.text());
        assert!(answer.message().contains("not checkpointed and restored"), "{method} {path}: {}", answer.text());
    }
    for words in [&["start", "--checkpoint", "one", "fresh"][..], &["checkpoint", "create", "fresh", "one"]] {
        let said = knarr.fails(words).unwrap();
        assert!(said.stderr.contains("not checkpointed and restored"), "{said:?}");
    }
    assert_eq!(knarr.ok(&["inspect", "-f", "{{.State.Status}}", "fresh"]).unwrap(), "created");
    host.finish().unwrap();
}

/// Row 19 (CVE-2023-2431): a profile that is missing, empty or wrong. Guards: `spec::security::SecurityOptions::parse`, and the profile's own
/// reading in `knarr-seccomp`. Seen to fail with the unknown passed over, and with ALLOW for an unknown action.
#[test]
fn a_profile_that_is_none_is_refused() {
    let (host, knarr) = host();
    let no_such = r#"seccomp={"defaultAction":"SCMP_ACT_HOPE"}"#;
    let rule =
        r#"seccomp={"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_HOPE"}]}"#;
    let cut = r#"seccomp={"defaultAction":"SCMP_ACT_ERRNO","#;
    for option in [
        "seccomp",
        "seccomp=",
        "seccomp={}",
        "seccomp=[]",
        "seccomp=null",
        "seccomp=/no/such/file",
        "seccomp=Unconfined",
        "seccomp=unconfined ",
        no_such,
        rule,
        cut,
        "apparmor=no-such-profile",
        "label=type:no_such_t",
        "no-new-privileges=maybe",
        "systempaths=",
        "compat=",
        "",
        "nonsense",
    ] {
        let request = json!({ "Image": IMAGE, "Cmd": ["true"], "HostConfig": { "SecurityOpt": [option] } });
        let answer = host.http().send("POST", "/containers/create", &request.to_string()).unwrap();
        assert_eq!(answer.status, 400, "{option:?}: {}", answer.text());
        for client in [&knarr, &host.docker()] {
            let run = client.run(&["run", "--rm", "--security-opt", option, IMAGE, "true"]).unwrap();
            assert!(run.code != 0 && !run.stderr.is_empty(), "{} {option:?}: {run:?}", client.name());
        }
    }
    let mode = |options: &[&str]| {
        let run = [&["run", "--rm"], options, &[IMAGE, "grep", "Seccomp:", "/proc/self/status"]].concat();
        knarr.ok(&run).unwrap()
    };
    assert_eq!(mode(&[]), "Seccomp:\t2");
    assert_eq!(mode(&["--security-opt", "seccomp=unconfined"]), "Seccomp:\t0");
    host.finish().unwrap();
}
