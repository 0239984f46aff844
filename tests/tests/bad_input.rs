//! Wrong input gets a clear error that names the thing; nothing half-made stays.

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host, Registry};

fn host() -> (Host, Client) {
    let host = Host::start().unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, "busybox").unwrap();
    (host, knarr)
}

/// Fails with this exit code, naming all of `words`.
#[track_caller]
fn refused(client: &Client, args: &[&str], code: i32, words: &[&str]) {
    let output = client.fails(args).unwrap();
    let said = format!("{}{}", output.stderr, output.stdout);
    assert_eq!(output.code, code, "{args:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{args:?} does not name {word:?}:\n{said}");
    }
}

#[test]
fn names_that_are_not_there_or_not_allowed() {
    let (host, knarr) = host();
    refused(&knarr, &["run", "Upper/Case"], 125, &["must be lowercase"]);
    refused(&knarr, &["inspect", "nobody"], 1, &["No such", "nobody"]);
    refused(&knarr, &["start", "nobody"], 1, &["No such container", "nobody"]);
    refused(&knarr, &["rmi", "no-such-image"], 1, &["No such image", "no-such-image"]);
    refused(&knarr, &["volume", "rm", "no-volume"], 1, &["no-volume"]);
    refused(&knarr, &["network", "rm", "no-network"], 1, &["no-network"]);
    refused(&knarr, &["create", "--name", "../x", "busybox"], 1, &["Invalid container name", "../x"]);
    refused(&knarr, &["run", "-v", "a/x:/y", "busybox"], 125, &["a/x"]);
    refused(&knarr, &["run", "-v", "v:/v", "busybox"], 125, &["includes invalid characters", "\"v\""]);
    refused(&knarr, &["run", "-v", "/:relative", "busybox"], 125, &["relative"]);
    refused(&knarr, &["run", "--rm", "--network", "nowhere", "busybox", "true"], 125, &["nowhere"]);
    refused(&knarr, &["run", "--volumes-from", "nobody", "busybox"], 125, &["No such container: nobody"]);
    knarr.ok(&["create", "--name", "taken", "busybox"]).unwrap();
    refused(&knarr, &["create", "--name", "taken", "busybox"], 1, &["already in use", "/taken"]);
    knarr.ok(&["rm", "taken"]).unwrap();
    assert_eq!(knarr.ok(&["ps", "-aq"]).unwrap(), "");
    host.finish().unwrap();
}

#[test]
fn flags_and_values_that_make_no_sense() {
    let (host, knarr) = host();
    refused(&knarr, &["run", "--nonsense", "busybox"], 125, &["--nonsense"]);
    refused(&knarr, &["frobnicate"], 1, &["frobnicate"]);
    refused(&knarr, &["run", "-m", "1k", "busybox", "true"], 125, &["memory limit"]);
    refused(&knarr, &["run", "-m", "lots", "busybox", "true"], 125, &["lots"]);
    refused(&knarr, &["run", "-p", "99999:1", "busybox"], 125, &["99999"]);
    refused(&knarr, &["run", "--cap-add", "FLYING", "busybox"], 125, &["FLYING"]);
    refused(&knarr, &["run", "--security-opt", "seccomp=/no/such/file", "busybox"], 125, &["/no/such/file"]);
    refused(&knarr, &["run", "-u", "ghost", "busybox", "true"], 125, &["ghost"]);
    refused(&knarr, &["run", "-u", "4294967296", "busybox", "true"], 125, &["4294967296"]);
    refused(&knarr, &["run", "--restart", "sometimes", "busybox"], 125, &["sometimes"]);
    refused(
        &knarr,
        &["run", "--mount", "type=bind,src=/tmp,dst=/t,depth=3", "busybox"],
        125,
        &["unexpected key 'depth'"],
    );
    refused(&knarr, &["run", "--network", "name=bridge,speed=3", "busybox"], 125, &["invalid field key speed"]);
    refused(&knarr, &["run", "--gpus", "all", "busybox"], 125, &["unsupported flag: --gpus", "--device"]);
    refused(&knarr, &["build", "--secret", "id=x", "."], 125, &["unsupported flag: --secret"]);
    refused(&knarr, &["swarm", "init"], 1, &["'knarr swarm' is not supported"]);
    refused(&knarr, &["ps", "--filter", "colour=red"], 1, &["invalid filter 'colour'"]);
    refused(&knarr, &["ps", "--format", "{{colour .ID}}"], 1, &["\"colour\" not defined"]);
    assert_eq!(knarr.ok(&["ps", "-aq", "--filter", "status=running"]).unwrap(), "");
    host.finish().unwrap();
}

#[test]
fn a_port_in_use_is_named_and_the_container_can_be_tried_again() {
    let (host, knarr) = host();
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let publish = format!("127.0.0.1:{port}:80");
    refused(
        &knarr,
        &["run", "-d", "--name", "web", "-p", &publish, "busybox", "sleep", "9"],
        125,
        &[&port.to_string(), "address already in use"],
    );
    drop(holder);
    knarr.ok(&["start", "web"]).unwrap();
    refused(
        &knarr,
        &["run", "-d", "-p", &publish, "busybox", "sleep", "9"],
        125,
        &[&port.to_string(), "already allocated"],
    );
    host.finish().unwrap();
}

#[test]
fn registries_that_are_dead_or_do_not_have_it() {
    let (host, knarr) = host();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    refused(&knarr, &["pull", &format!("{gone}/x")], 1, &[&gone.to_string(), "refused"]);
    let registry = Registry::start().unwrap();
    let missing = registry.image("missing");
    refused(&knarr, &["pull", &missing], 1, &["manifest", "unknown"]);
    refused(&knarr, &["run", &missing], 125, &["missing"]);
    refused(&knarr, &["pull", &registry.image("x@sha256:12")], 1, &["invalid reference format"]);
    refused(&knarr, &["push", &registry.image("never-built")], 1, &["never-built"]);
    let dead = format!("{gone}/x");
    refused(&knarr, &["run", "--rm", &dead], 125, &[&gone.to_string(), "refused", "is the registry running"]);
    refused(&knarr, &["login", "-u", "a", "-p", "b", &gone.to_string()], 1, &[&gone.to_string(), "refused"]);
    knarr.ok(&["tag", "busybox", &dead]).unwrap();
    refused(&knarr, &["push", &dead], 1, &[&gone.to_string(), "refused"]);
    knarr.ok(&["rmi", &dead]).unwrap();
    let folder = host.path().join("context");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("Dockerfile"), format!("FROM {dead}\n")).unwrap();
    refused(&knarr, &["build", &folder.to_string_lossy()], 1, &["Dockerfile:1", &gone.to_string(), "refused"]);
    host.finish().unwrap();
}

#[test]
fn digests_that_are_wrong() {
    let (host, knarr) = host();
    let registry = Registry::start().unwrap();
    let image = registry.image("busybox");
    knarr.ok(&["tag", "busybox", &image]).unwrap();
    knarr.ok(&["push", &image]).unwrap();
    let other = format!("{image}@sha256:{}", "0".repeat(64));
    refused(&knarr, &["pull", &other], 1, &["manifest unknown"]);
    refused(&knarr, &["run", "--rm", &other], 125, &["manifest unknown"]);
    refused(&knarr, &["rmi", &other], 1, &["No such image", &"0".repeat(64)]);
    for malformed in ["sha256:12", "sha256:XYZ", "md5:00", "sha256:"] {
        refused(&knarr, &["pull", &format!("{image}@{malformed}")], 1, &["invalid reference format", malformed]);
    }
    host.finish().unwrap();
}

#[test]
fn what_is_in_use_says_by_whom() {
    let (host, knarr) = host();
    knarr.ok(&["network", "create", "used-net"]).unwrap();
    let flags = ["-v", "used-volume:/x", "--network", "used-net", "busybox", "sleep", "1000"];
    let id = knarr.ok(&[&["run", "-d", "--name", "user"], &flags[..]].concat()).unwrap();
    refused(&knarr, &["volume", "rm", "used-volume"], 1, &["volume is in use", &id]);
    refused(&knarr, &["network", "rm", "used-net"], 1, &["used-net", "active endpoints", "user"]);
    refused(&knarr, &["rmi", "busybox"], 1, &["busybox", &id[..12], "is using"]);
    refused(&knarr, &["rm", "user"], 1, &["user", "is running", "stop the container"]);
    refused(&knarr, &["volume", "create", "used/volume"], 1, &["used/volume", "invalid characters"]);
    refused(&knarr, &["network", "create", "used-net"], 1, &["used-net", "already exists"]);
    knarr.ok(&["create", "--name", "other", "busybox"]).unwrap();
    refused(&knarr, &["rename", "other", "user"], 1, &["/user", "already in use", &id]);
    knarr.ok(&["rm", "-f", "user"]).unwrap();
    knarr.ok(&["network", "rm", "used-net"]).unwrap();
    host.finish().unwrap();
}

#[test]
fn archives_that_are_no_images() {
    let (host, knarr) = host();
    let junk = host.path().join("junk");
    std::fs::write(&junk, b"this is not a tar archive, not even a short one").unwrap();
    let path = junk.to_string_lossy().into_owned();
    refused(&knarr, &["load", "-i", &path], 1, &[]);
    refused(&knarr, &["import", &path, "junk"], 1, &[]);
    assert_eq!(knarr.ok(&["images", "--format", "{{.Repository}}"]).unwrap(), "busybox");
    let leftovers = std::fs::read_dir(host.data_root().join("ingest")).map_or(0, Iterator::count);
    assert_eq!(leftovers, 0, "half-made content stays");
    host.finish().unwrap();
}

#[test]
fn dockerfile_errors_name_the_line() {
    let (host, knarr) = host();
    let build = |dockerfile: &str, words: &[&str]| {
        let folder = host.path().join("context");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("Dockerfile"), dockerfile).unwrap();
        refused(&knarr, &["build", &folder.to_string_lossy()], 1, words);
    };
    build("FROM busybox\nRUNN true\n", &["Dockerfile", "2", "RUNN"]);
    build("FROM busybox\nCOPY nothing /\n", &["nothing"]);
    build("FROM busybox\nRUN false\n", &["returned a non-zero code: 1"]);
    build("RUN true\n", &["FROM"]);
    build("FROM busybox\nCOPY --from=nowhere a b\n", &["nowhere"]);
    assert_eq!(knarr.ok(&["ps", "-aq"]).unwrap(), "", "a step's container stays");
    host.finish().unwrap();
}

#[test]
fn bodies_that_are_no_json_and_paths_that_are_no_endpoints() {
    let (host, _knarr) = host();
    let http = host.http();
    assert_eq!(http.send("POST", "/v1.45/containers/create", "{not json").unwrap().status, 400);
    assert_eq!(http.ask("GET", "/v1.45/nowhere").unwrap().status, 404);
    let new = http.ask("GET", "/v1.99/info").unwrap();
    assert!(new.message().contains("Maximum supported API version is 1.50"), "{new:?}");
    assert_eq!(http.ask("GET", "/v1.12/info").unwrap().status, 400);
    assert_eq!(http.ask("GET", "/v1.45/containers/%2e%2e%2f/json").unwrap().status, 404);
    assert_eq!(http.ask("GET", "/_ping").unwrap().status, 200);
    host.finish().unwrap();
}

#[test]
fn a_container_that_has_gone() {
    let (host, knarr) = host();
    knarr.ok(&["run", "--name", "done", "busybox", "true"]).unwrap();
    refused(&knarr, &["exec", "done", "true"], 1, &["is not running"]);
    refused(&knarr, &["kill", "done"], 1, &["cannot kill container: done", "is not running"]);
    refused(&knarr, &["pause", "done"], 1, &["is not running"]);
    refused(&knarr, &["attach", "done"], 1, &["stopped container"]);
    refused(&knarr, &["cp", "done:/no/such/file", "/tmp"], 1, &["/no/such/file"]);
    knarr.ok(&["rm", "done"]).unwrap();
    for verb in ["start", "stop", "kill", "pause", "logs", "top", "port", "diff", "wait", "attach", "rm"] {
        refused(&knarr, &[verb, "done"], 1, &["No such container: done"]);
    }
    refused(&knarr, &["exec", "done", "true"], 1, &["No such container: done"]);
    refused(&knarr, &["cp", "done:/etc/passwd", "/tmp"], 1, &["No such container: done"]);
    refused(&knarr, &["commit", "done", "image"], 1, &["No such container: done"]);
    refused(&knarr, &["stats", "--no-stream", "done"], 1, &["No such container: done"]);
    refused(&knarr, &["inspect", "done"], 1, &["No such object: done"]);
    host.finish().unwrap();
}

#[test]
fn without_a_daemon_or_the_right_to_ask_it() {
    let (mut host, knarr) = host();
    let socket = format!("unix://{}", host.socket().display());
    // Root without the capability that ignores modes is denied as anybody is.
    std::os::unix::fs::chown(host.socket(), Some(65534), Some(65534)).unwrap();
    let inner = knarr.command(&["ps"]);
    let mut denied = std::process::Command::new("setpriv");
    denied.args(["--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all"]);
    let output = denied.arg(inner.get_program()).args(inner.get_args()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&socket) && said.contains("permission denied") && said.contains("run as root"), "{said}");
    host.stop_daemon().unwrap();
    for (words, code) in [
        (&["ps"][..], 1),
        (&["run", "busybox"], 125),
        (&["create", "busybox"], 1),
        (&["build", "-"], 1),
        (&["pull", "x"], 1),
        (&["exec", "x", "true"], 1),
        (&["rm", "x", "y"], 1),
        (&["info"], 1),
        (&["version"], 1),
        (&["cp", "x:/y", "/tmp"], 1),
    ] {
        refused(&knarr, words, code, &[&socket, "Is the daemon running?", "knarr daemon"]);
    }
    host.resume().unwrap();
    host.finish().unwrap();
}
