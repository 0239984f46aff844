//! The API itself, as bytes on the socket: the shape of each answer beside what Docker answers, and the statuses of what goes wrong.

use knarr_e2e::{Answer, Host, Http, base, wait_for};
use serde_json::{Value, json};

/// The keys and types of Docker 26.1's answers, recorded at API 1.45. `null` is anything that may be missing; an object's `*`
/// stands for each of its members.
const GOLDEN: &str = include_str!("../golden/api.json");

/// A daemon with an image and one running container called `web` that has a bit of everything.
fn host() -> (Host, Http) {
    let host = Host::start().unwrap();
    let http = host.http();
    let archive = std::fs::read(base::busybox().unwrap()).unwrap();
    let import = "/v1.45/images/create?fromSrc=-&repo=busybox&changes=LABEL%20a=b&changes=CMD%20[%22sh%22]";
    assert_eq!(http.upload("POST", import, "application/x-tar", &archive).unwrap().status, 200);
    http.send("POST", "/v1.45/volumes/create", r#"{"Name":"data","Labels":{"a":"b"}}"#).unwrap();
    let body = json!({
        "Image": "busybox", "Cmd": ["sleep", "1000"], "Labels": {"a": "b", "k": "v"}, "Env": ["A=1"], "ExposedPorts": {"80/tcp": {}},
        "Healthcheck": {"Test": ["CMD", "true"], "Interval": 50_000_000},
        "HostConfig": {"Binds": ["data:/data"], "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]},
                       "Memory": 64 << 20, "RestartPolicy": {"Name": "no"}},
    });
    let made = http.send("POST", "/v1.45/containers/create?name=web", &body.to_string()).unwrap();
    assert_eq!(made.status, 201, "{}", made.text());
    alike("POST /containers/create", &made.json().unwrap());
    assert_eq!(http.ask("POST", "/v1.45/containers/web/start").unwrap().status, 204);
    (host, http)
}

/// Fails where an answer lacks a key that Docker's has, or has it with another type.
#[track_caller]
fn alike(endpoint: &str, ours: &Value) {
    let golden: Value = serde_json::from_str(GOLDEN).unwrap();
    let mut wrong = Vec::new();
    compare(&golden[endpoint], ours, endpoint, &mut wrong);
    assert!(!golden[endpoint].is_null() && wrong.is_empty(), "{wrong:#?}\n{ours:#}");
}

fn compare(theirs: &Value, ours: &Value, at: &str, wrong: &mut Vec<String>) {
    match (theirs, ours) {
        (Value::Null, _) => {}
        (Value::Object(theirs), Value::Object(ours)) => {
            for (key, value) in theirs {
                match (key.as_str(), ours.get(key)) {
                    ("*", _) => ours.iter().for_each(|(key, own)| compare(value, own, &format!("{at}/{key}"), wrong)),
                    (_, Some(own)) => compare(value, own, &format!("{at}/{key}"), wrong),
                    (_, None) if value.is_null() => {}
                    (_, None) => wrong.push(format!("{at}/{key} is missing")),
                }
            }
        }
        (Value::Array(theirs), Value::Array(ours)) => {
            if let (Some(first), Some(own)) = (theirs.first(), ours.first()) {
                compare(first, own, &format!("{at}[]"), wrong);
            }
        }
        (Value::String(kind), own) if kind == kind_of(own) => {}
        _ => wrong.push(format!("{at} is {}, not {theirs}", kind_of(ours))),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn filters(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn answers_have_the_keys_and_types_of_dockers() {
    let (host, http) = host();
    wait_for("a health check has run", std::time::Duration::from_secs(20), || {
        http.get("/v1.45/containers/web/json").is_ok_and(|web| web["State"]["Health"]["Log"][0].is_object())
    })
    .unwrap();
    http.send("POST", "/v1.45/networks/create", r#"{"Name":"own","Labels":{"a":"b"}}"#).unwrap();
    let named = filters(r#"{"name":["^/?web$"]}"#);
    let own = filters(r#"{"name":["^own$"]}"#);
    for (endpoint, path) in [
        ("GET /version", "/v1.45/version".to_owned()),
        ("GET /info", "/v1.45/info".to_owned()),
        ("GET /containers/json", format!("/v1.45/containers/json?size=1&filters={named}")),
        ("GET /containers/{id}/json", "/v1.45/containers/web/json?size=1".to_owned()),
        ("GET /containers/{id}/stats", "/v1.45/containers/web/stats?stream=0".to_owned()),
        ("GET /containers/{id}/top", "/v1.45/containers/web/top".to_owned()),
        ("GET /containers/{id}/changes", "/v1.45/containers/web/changes".to_owned()),
        ("GET /images/json", "/v1.45/images/json".to_owned()),
        ("GET /images/{name}/json", "/v1.45/images/busybox/json".to_owned()),
        ("GET /images/{name}/history", "/v1.45/images/busybox/history".to_owned()),
        ("GET /volumes", "/v1.45/volumes".to_owned()),
        ("GET /volumes/{name}", "/v1.45/volumes/data".to_owned()),
        ("GET /networks", format!("/v1.45/networks?filters={own}")),
        ("GET /networks/{id}", "/v1.45/networks/bridge".to_owned()),
        ("GET /system/df", "/v1.45/system/df".to_owned()),
    ] {
        alike(endpoint, &http.get(&path).unwrap());
    }
    host.finish().unwrap();
}

#[test]
fn verbs_answer_as_dockers_and_their_events_have_its_shape() {
    let (host, http) = host();
    let post = |path: &str, body: &str| http.send("POST", &format!("/v1.45{path}"), body).unwrap();
    let created = post("/containers/web/exec", r#"{"Cmd":["true"],"AttachStdout":true}"#).json().unwrap();
    alike("POST /containers/{id}/exec", &created);
    let exec = created["Id"].as_str().unwrap();
    assert_eq!(post(&format!("/exec/{exec}/start"), "{}").status, 200);
    wait_for("the session has ended", std::time::Duration::from_secs(20), || {
        http.get(&format!("/v1.45/exec/{exec}/json")).is_ok_and(|exec| exec["Running"] == false)
    })
    .unwrap();
    alike("GET /exec/{id}/json", &http.get(&format!("/v1.45/exec/{exec}/json")).unwrap());
    alike("POST /containers/{id}/update", &post("/containers/web/update", r#"{"Memory":134217728}"#).json().unwrap());
    alike("POST /commit", &post("/commit?container=web&repo=made", "{}").json().unwrap());
    alike("DELETE /images/{name}", &http.ask("DELETE", "/v1.45/images/made").unwrap().json().unwrap());
    alike("POST /networks/create", &post("/networks/create", r#"{"Name":"n"}"#).json().unwrap());
    assert_eq!(post("/containers/web/pause", "").status, 204);
    assert_eq!(post("/containers/web/unpause", "").status, 204);
    assert_eq!(post("/containers/web/rename?name=other", "").status, 204);
    assert_eq!(post("/containers/other/resize?h=10&w=10", "").status, 200, "a container without a terminal");
    assert_eq!(post("/containers/other/kill", "").status, 204);
    alike("POST /containers/{id}/wait", &post("/containers/other/wait", "").json().unwrap());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let until = now + 1;
    let wanted = filters(r#"{"type":["container"]}"#);
    let events = http.ask("GET", &format!("/v1.45/events?since=1&until={until}&filters={wanted}")).unwrap().text();
    let events: Vec<Value> = events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let actions: Vec<&str> = events.iter().filter_map(|event| event["Action"].as_str()).collect();
    for action in ["create", "start", "update", "pause", "unpause", "rename", "kill", "die"] {
        assert!(actions.contains(&action), "{action} is missing in {actions:?}");
    }
    let start = events.iter().find(|event| event["Action"] == "start").unwrap();
    alike("GET /events", start);
    host.finish().unwrap();
}

#[test]
fn versions_are_negotiated_by_path() {
    let (host, http) = host();
    let ping = http.ask("GET", "/_ping").unwrap();
    let ours = ["api-version", "ostype", "docker-experimental", "content-type", "cache-control"];
    let theirs = ["1.50", "linux", "false", "text/plain; charset=utf-8", "no-cache, no-store, must-revalidate"];
    assert_eq!(ours.map(|name| ping.header(name)), theirs);
    let head = http.ask("HEAD", "/_ping").unwrap();
    assert_eq!((head.status, head.header("api-version"), head.body.len()), (200, "1.50", 0));
    for minor in 40..=50 {
        let list = http.get(&format!("/v1.{minor}/containers/json")).unwrap();
        assert_eq!(list[0]["Names"][0], "/web", "1.{minor}");
        let image = http.get(&format!("/v1.{minor}/images/busybox/json")).unwrap();
        assert_eq!(image.get("VirtualSize").is_some(), minor < 44, "1.{minor}");
        let logs = http.ask("GET", &format!("/v1.{minor}/containers/web/logs?stdout=1")).unwrap();
        assert_eq!(logs.header("content-type").contains("multiplexed"), minor >= 42, "1.{minor}");
    }
    host.finish().unwrap();
}

/// Method, path, body, status and a part of the message.
type Refusal = (&'static str, &'static str, &'static str, u16, &'static str);

const REFUSALS: &[Refusal] = &[
    ("GET", "/containers/none/json", "", 404, "No such container: none"),
    ("GET", "/images/none/json", "", 404, "No such image: none:latest"),
    ("GET", "/volumes/none", "", 404, "none"),
    ("GET", "/networks/none0", "", 404, "network none0 not found"),
    ("GET", "/exec/none/json", "", 404, "No such exec instance: none"),
    ("GET", "/distribution/127.0.0.1:1/x/json", "", 503, "connection refused"),
    ("GET", "/distribution/A..b/json", "", 400, "invalid reference format"),
    ("GET", "/nowhere", "", 404, "page not found"),
    ("PUT", "/containers/json", "", 404, "page not found"),
    ("POST", "/containers/web/start", "", 304, ""),
    ("POST", "/containers/web/unpause", "", 409, "is not paused"),
    ("POST", "/containers/web/kill?signal=NOPE", "", 400, "invalid signal: NOPE"),
    ("POST", "/containers/web/rename", "", 400, "Neither old nor new names may be empty"),
    ("POST", "/containers/web/rename?name=web", "", 400, "same name as its current name"),
    ("POST", "/containers/web/rename?name=a/b", "", 400, "Error when allocating new name: Invalid container name"),
    ("POST", "/containers/web/wait?condition=x", "", 400, "x"),
    ("POST", "/containers/web/exec", "{}", 400, "No exec command specified"),
    ("GET", "/containers/web/archive", "", 400, "path cannot be empty"),
    ("GET", "/containers/web/archive?path=/nope", "", 404, "/nope"),
    ("DELETE", "/containers/web", "", 409, "container is running"),
    ("DELETE", "/containers/web?link=1", "", 400, "links are not supported"),
    ("DELETE", "/images/busybox", "", 409, "is using its referenced image"),
    ("DELETE", "/volumes/data", "", 409, "volume is in use"),
    ("DELETE", "/networks/bridge", "", 403, "pre-defined network"),
    (
        "POST",
        "/networks/create",
        r#"{"Name":"bridge"}"#,
        403,
        "operation is not permitted on predefined bridge network",
    ),
    ("POST", "/networks/create", r#"{"Name":"n","Driver":"nope"}"#, 404, "network driver \"nope\" not found"),
    ("POST", "/networks/create", r#"{"Name":"../n"}"#, 400, "invalid network name"),
    ("POST", "/networks/bridge/connect", "{}", 400, "invalid name or ID supplied"),
    ("POST", "/containers/create", "", 400, "config cannot be empty"),
    ("POST", "/containers/create", "{", 400, "invalid JSON"),
    ("POST", "/containers/create", "[]", 400, "invalid JSON"),
    ("POST", "/containers/create", r#"{"Image":"busybox"} junk"#, 400, "invalid JSON"),
    ("POST", "/containers/create", r#"{"Image":5}"#, 400, "invalid JSON"),
    ("POST", "/containers/create", r#"{"Image":"none"}"#, 404, "No such image: none:latest"),
    ("POST", "/containers/create?name=web", r#"{"Image":"busybox"}"#, 409, "\"/web\" is already in use"),
    ("POST", "/containers/create?platform=linux/s390x", r#"{"Image":"busybox"}"#, 404, "linux/s390x"),
    ("POST", "/containers/create", r#"{"Image":"busybox","HostConfig":{"SecurityOpt":["nope=1"]}}"#, 400, "nope=1"),
    (
        "POST",
        "/containers/create",
        r#"{"Image":"busybox","HostConfig":{"Links":["a:b"]}}"#,
        400,
        "links are not supported",
    ),
    (
        "POST",
        "/containers/create",
        r#"{"Image":"busybox","HostConfig":{"Mounts":[{"Type":"bind","Source":"/no/such","Target":"/x"}]}}"#,
        400,
        "bind source path does not exist: /no/such",
    ),
    ("GET", "/events?since=20&until=10", "", 400, "`since` time (20) cannot be after `until` time (10)"),
    ("GET", "/containers/web/logs", "", 400, "you must choose at least one stream"),
    ("GET", "/containers/json?filters=abc", "", 400, "invalid filter"),
    ("GET", "/containers/json?limit=x", "", 400, "limit"),
];

#[test]
fn what_goes_wrong_has_dockers_status_and_message() {
    let (host, http) = host();
    let mut wrong = Vec::new();
    for (method, path, body, status, message) in REFUSALS {
        let path = format!("/v1.45{path}");
        let answer = match *body {
            "" => http.ask(method, &path).unwrap(),
            body => http.send(method, &path, body).unwrap(),
        };
        if answer.status != *status || !answer.message().contains(message) {
            wrong.push(format!("{method} {path} {body}: {} {}", answer.status, answer.text()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(http.get("/v1.45/containers/json?all=1").unwrap().as_array().unwrap().len(), 1, "something was made");
    host.finish().unwrap();
}

#[test]
fn filters_match_as_dockers_and_unknown_ones_are_refused() {
    let (host, http) = host();
    http.send("POST", "/v1.45/networks/create", r#"{"Name":"n"}"#).unwrap();
    http.send("POST", "/v1.45/volumes/create", r#"{"Name":"data-2"}"#).unwrap();
    let names = |path: &str, text: &str| {
        let answer = http.get(&format!("/v1.45{path}?filters={}", filters(text))).unwrap();
        let list = answer.get("Volumes").unwrap_or(&answer).as_array().unwrap().clone();
        let name =
            |item: &Value| item.get("Name").or_else(|| item.pointer("/Names/0")).unwrap().as_str().unwrap().to_owned();
        let mut names: Vec<String> = list.iter().map(name).collect();
        names.sort();
        names.join(" ")
    };
    for (path, filter, expected) in [
        ("/containers/json", r#"{"name":["^/?w.b$"]}"#, "/web"),
        ("/containers/json", r#"{"name":["^eb"]}"#, ""),
        ("/containers/json", r#"{"name":["e"],"label":["a=b"]}"#, "/web"),
        ("/networks", r#"{"name":["^(n|host)$"]}"#, "host n"),
        ("/networks", r#"{"type":["custom"]}"#, "n"),
        ("/volumes", r#"{"name":["^data$"]}"#, "data"),
        ("/volumes", r#"{"name":["data-[0-9]"]}"#, "data-2"),
        ("/volumes", r#"{"dangling":["true"]}"#, "data-2"),
    ] {
        assert_eq!(names(path, filter), expected, "{path} {filter}");
    }
    for path in ["/containers/json", "/images/json", "/networks", "/volumes"] {
        for key in ["x", "label!", "until"].iter().filter(|key| !(path == "/images/json" && **key == "until")) {
            let refused =
                http.ask("GET", &format!("/v1.45{path}?filters={}", filters(&format!(r#"{{"{key}":["1"]}}"#))));
            let refused = refused.unwrap();
            assert_eq!((refused.status, refused.message()), (400, format!("invalid filter '{key}'")), "{path}");
        }
    }
    for path in ["/containers/prune", "/images/prune", "/networks/prune", "/volumes/prune"] {
        let refused = http.ask("POST", &format!("/v1.45{path}?filters={}", filters(r#"{"x":["1"]}"#))).unwrap();
        assert_eq!((refused.status, refused.message().as_str()), (400, "invalid filter 'x'"), "{path}");
    }
    host.finish().unwrap();
}

#[test]
fn a_body_must_be_json_and_bounded() {
    let (host, http) = host();
    let create = |kind: &str, body: &[u8]| http.upload("POST", "/v1.45/containers/create", kind, body).unwrap();
    let good = br#"{"Image":"busybox","Unknown":{"a":1},"HostConfig":{"Future":[1]}}"#;
    let refused = create("text/plain", good);
    assert_eq!(refused.message(), "unsupported Content-Type header (text/plain): must be 'application/json'");
    assert_eq!((refused.status, create("", good).status), (400, 400));
    assert_eq!(create("application/json; charset=utf-8", good).status, 201, "unknown fields are ignored");
    let huge = format!(r#"{{"Image":"{}"}}"#, "a".repeat(4 << 20));
    assert_eq!(create("application/json", huge.as_bytes()).status, 413);
    let head = format!("GET /v1.45/info HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "a".repeat(128 << 10));
    assert_eq!(http.raw(head.as_bytes()).unwrap().status, 431);
    assert_eq!(http.raw(b"NONSENSE\r\n\r\n").unwrap().status, 400);
    assert_eq!(http.ask("GET", "/_ping").unwrap().status, 200);
    host.finish().unwrap();
}

/// How many connections the daemon holds, and who listens to its events.
fn load(http: &Http, host: &Host) -> (u64, usize) {
    let listeners = http.get("/v1.45/info").unwrap()["NEventsListener"].as_u64().unwrap();
    let fds = std::fs::read_dir(format!("/proc/{}/fd", host.pid())).unwrap();
    (listeners, fds.filter(|fd| is_socket(fd.as_ref().unwrap().path())).count())
}

fn is_socket(path: std::path::PathBuf) -> bool {
    std::fs::read_link(path).is_ok_and(|target| target.to_string_lossy().starts_with("socket:"))
}

#[test]
fn clients_that_go_in_the_middle_leave_nothing_behind() {
    use std::io::{Read as _, Write as _};
    let (host, http) = host();
    let before = load(&http, &host);
    let mut open = Vec::new();
    for request in [
        "GET /v1.45/events",
        "GET /v1.45/containers/web/logs?stdout=1&follow=1",
        "GET /v1.45/containers/web/stats",
        "POST /v1.45/containers/web/attach?stream=1&stdout=1",
        "POST /v1.45/containers/web/wait",
    ] {
        for _ in 0..20 {
            let mut stream = http.connect().unwrap();
            write!(stream, "{request} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").unwrap();
            let mut first = [0u8; 12];
            stream.read_exact(&mut first).unwrap();
            assert_eq!(&first, b"HTTP/1.1 200", "{request}");
            open.push(stream);
        }
    }
    // Two that never end what they began.
    for half in ["POST /v1.45/build HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx", "POST /v1.45/con"] {
        let mut stream = http.connect().unwrap();
        stream.write_all(half.as_bytes()).unwrap();
        open.push(stream);
    }
    assert!(load(&http, &host).0 >= before.0 + 20, "nobody listens");
    drop(open);
    wait_for("their connections are gone", std::time::Duration::from_secs(20), || load(&http, &host) <= before)
        .unwrap();
    assert_eq!(http.get("/v1.45/containers/web/json").unwrap()["State"]["Running"], true);
    host.finish().unwrap();
}

#[test]
fn a_client_may_end_its_own_direction_and_still_read() {
    use std::io::{Read as _, Write as _};
    let (host, http) = host();
    for upgrade in ["", "Connection: Upgrade\r\nUpgrade: tcp\r\n"] {
        let body = r#"{"Cmd":["cat"],"AttachStdin":true,"AttachStdout":true}"#;
        let exec = http.send("POST", "/v1.45/containers/web/exec", body).unwrap().json().unwrap();
        let mut stream = http.connect().unwrap();
        let path = format!("/v1.45/exec/{}/start", exec["Id"].as_str().unwrap());
        let kind = "Content-Type: application/json\r\nContent-Length: 2";
        write!(stream, "POST {path} HTTP/1.1\r\nHost: x\r\n{upgrade}{kind}\r\n\r\n{{}}").unwrap();
        stream.write_all(b"to and fro").unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        let text = String::from_utf8_lossy(&all);
        let (status, kind) = if upgrade.is_empty() { ("200 OK", "raw-stream") } else { ("101", "multiplexed-stream") };
        assert!(text.starts_with(&format!("HTTP/1.1 {status}")) && text.contains(kind), "{text}");
        assert!(all.ends_with(b"\x01\0\0\0\0\0\0\x0ato and fro"), "{text}");
    }
    host.finish().unwrap();
}

#[test]
fn images_travel_through_the_api() {
    let (host, http) = host();
    let saved: Answer = http.ask("GET", "/v1.45/images/busybox/get").unwrap();
    assert_eq!((saved.status, saved.header("content-type")), (200, "application/x-tar"));
    assert_eq!(http.ask("POST", "/v1.45/images/busybox/tag?repo=again&tag=1").unwrap().status, 201);
    assert_eq!(http.ask("DELETE", "/v1.45/images/again:1").unwrap().status, 200);
    let loaded = http.upload("POST", "/v1.45/images/load", "application/x-tar", &saved.body).unwrap();
    assert_eq!(loaded.json().unwrap()["stream"], "Loaded image: busybox:latest\n");
    let many = http.ask("GET", "/v1.45/images/get?names=busybox&names=busybox:latest").unwrap();
    assert_eq!(many.status, 200);
    let stat = http.ask("HEAD", "/v1.45/containers/web/archive?path=/etc/passwd").unwrap();
    assert!(stat.header("x-docker-container-path-stat").starts_with("eyJuYW1lIjoicGFzc3dk"), "{}", stat.head);
    let archive = http.ask("GET", "/v1.45/containers/web/archive?path=/etc/passwd").unwrap();
    assert_eq!(archive.header("content-type"), "application/x-tar");
    let put =
        http.upload("PUT", "/v1.45/containers/web/archive?path=/tmp", "application/x-tar", &archive.body).unwrap();
    assert_eq!(put.status, 200);
    assert_eq!(http.ask("HEAD", "/v1.45/containers/web/archive?path=/tmp/passwd").unwrap().status, 200);
    host.finish().unwrap();
}
