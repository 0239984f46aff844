//! Row 23 (CVE-2021-43784): a megabyte where a word is usual. It arrives, or the answer says what is too long, and nothing is cut.
//!
//! Guard: nothing is packed into messages with lengths on its way to the first process, and what the kernel refuses is told in an
//! error that is shortened (`link::failed` of the runtime). Seen to fail with the error as long as it is: its message is lost, and the
//! start counts as done. Id maps are the runtime's alone: the engine makes no user namespaces.

use knarr_e2e::Host;
use knarr_e2e::probe::IMAGE;
use serde_json::{Value, json};

use crate::host;

const MEGABYTE: usize = 1 << 20;
/// As much as the kernel takes in one word, and a bit less.
const LONG: usize = 100_000;

fn long(letter: &str) -> String {
    letter.repeat(LONG)
}

/// Creates and starts a container by the API, for a command line takes no such words.
fn started(host: &Host, name: &str, config: &Value) -> (u16, String) {
    let mut request = config.clone();
    request["Image"] = json!(IMAGE);
    let path = format!("/containers/create?name={name}");
    let created = host.http().send("POST", &path, &request.to_string()).unwrap();
    assert_eq!(created.status, 201, "{}", created.text());
    let answer = host.http().ask("POST", &format!("/containers/{name}/start")).unwrap();
    (answer.status, answer.message())
}

#[test]
fn a_megabyte_of_environment_arguments_and_labels_arrives() {
    let (host, knarr) = host();
    let env: Vec<String> = (0..10).map(|n| format!("V{n}={}", long("e"))).collect();
    let labels: serde_json::Map<String, Value> = (0..10).map(|n| (format!("l{n}"), json!(long("l")))).collect();
    let script = "echo $#; env | grep -c eeeee; echo $@ | wc -c; read line";
    let mut cmd = vec!["sh".to_owned(), "-c".to_owned(), script.to_owned(), "sh".to_owned()];
    cmd.extend((0..10).map(|_| long("a")));
    let config = json!({ "Env": env, "Labels": labels, "Cmd": cmd, "OpenStdin": true });
    assert_eq!(started(&host, "long", &config), (204, String::new()));
    let exec = knarr.ok(&[
        "exec",
        "-e",
        &format!("MORE={}", long("e")),
        "long",
        "sh",
        "-c",
        "env | grep -c eeeee; echo ${#V3}",
    ]);
    assert_eq!(exec.unwrap(), format!("11\n{LONG}"));
    let label = knarr.ok(&["inspect", "-f", "{{len (index .Config.Labels \"l7\")}}", "long"]).unwrap();
    assert_eq!(label, LONG.to_string());
    assert_eq!(knarr.ok(&["logs", "long"]).unwrap(), format!("10\n10\n{}", 10 * (LONG + 1)));
    host.finish().unwrap();
}

#[test]
fn a_word_of_a_megabyte_is_refused_with_the_reason() {
    let (host, knarr) = host();
    let word = "x".repeat(MEGABYTE);
    for (name, config, reason) in [
        ("program", json!({ "Cmd": [format!("/no/{word}")] }), "file name too long"),
        ("argument", json!({ "Cmd": ["echo", word] }), "argument list too long"),
        ("variable", json!({ "Cmd": ["true"], "Env": [format!("A={word}")] }), "argument list too long"),
        ("folder", json!({ "Cmd": ["true"], "WorkingDir": format!("/{word}") }), "too long"),
        ("user", json!({ "Cmd": ["true"], "User": word }), "unable to find user"),
    ] {
        let (status, message) = started(&host, name, &config);
        assert!(status >= 400 && message.to_lowercase().contains(reason), "{name}: {status} {message:.300}");
    }
    for config in [
        json!({ "Hostname": word }),
        json!({ "HostConfig": { "Binds": [format!("{word}:/x")] } }),
        json!({ "HostConfig": { "CgroupParent": word } }),
    ] {
        let mut request = config;
        (request["Image"], request["Cmd"]) = (json!(IMAGE), json!(["true"]));
        let answer = host.http().send("POST", "/containers/create", &request.to_string()).unwrap();
        assert_eq!(answer.status, 400, "{:.80} {:.300}", request.to_string(), answer.text());
    }
    assert_eq!(knarr.ok(&["run", "--rm", IMAGE, "echo", "well"]).unwrap(), "well");
    host.finish().unwrap();
}
