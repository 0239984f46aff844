//! AppArmor profiles that a container names: on every way in, or not at all.

use knarr_e2e::probe::{self, IMAGE, Probe};
use knarr_runtime_cases::Profile;
use serde_json::json;

fn option(profile: &Profile) -> String {
    format!("apparmor={}", profile.name())
}

/// Guard: `spec::process` names the profile for the first process and for further ones. Seen to fail without it: each runs unconfined.
#[test]
#[ignore = "needs a kernel with AppArmor: cargo xtask vm"]
fn a_named_profile_holds_on_every_way_in() {
    let profile = Profile::load("/secret");
    let (option, refused) = (option(&profile), format!("{}\nrefused", profile.enforced()));
    let host = probe::host().unwrap();
    let knarr = host.knarr();
    let probe = Probe {
        script: "cat /proc/self/attr/current; cat /secret 2>/dev/null || echo refused",
        flags: &["--security-opt", &option],
        lines: "RUN echo secret > /secret",
    };
    let [(_, build), others @ ..] = probe::everywhere(&host, &probe).unwrap();
    assert_eq!(build, "unconfined\nsecret", "a build names none");
    for (way, output) in others {
        assert_eq!(output.trim(), refused, "{way}");
    }
    knarr
        .ok(&["run", "-d", "--name", "held", "--privileged", "--security-opt", &option, "probing", "sleep", "1000"])
        .unwrap();
    let session = knarr.ok(&["exec", "--privileged", "held", "sh", "-c", probe.script]).unwrap();
    assert_eq!(session, refused);
    assert_eq!(knarr.ok(&["inspect", "-f", "{{.AppArmorProfile}}", "held"]).unwrap(), profile.name());
    host.finish().unwrap();
}

/// Row 19 of the flaw catalogue. Guard: `spec::apparmor::check`. Seen to fail without it: the container is created.
#[test]
#[ignore = "needs a kernel with AppArmor: cargo xtask vm"]
fn a_profile_that_is_not_loaded_is_refused() {
    let host = probe::host().unwrap();
    let profile = Profile::load("/secret");
    let request = json!({ "Image": IMAGE, "Cmd": ["true"], "HostConfig": { "SecurityOpt": [option(&profile)] } });
    let create = || host.http().send("POST", "/containers/create", &request.to_string()).unwrap();
    let created = create();
    assert_eq!(created.status, 201, "{}", created.text());
    drop(profile);
    let answer = create();
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(answer.message().contains("is not loaded"), "{}", answer.text());
    // One that has gone meanwhile is no reason to run without.
    let id = created.json().unwrap()["Id"].as_str().unwrap().to_owned();
    let started = host.http().ask("POST", &format!("/containers/{id}/start")).unwrap();
    assert!(started.status >= 400, "{}", started.text());
    host.finish().unwrap();
}
