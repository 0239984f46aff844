//! The registry with real clients: skopeo, podman's store through skopeo, docker, and ours.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Gate, Host, Registry, Running, wait_for};

fn run(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn skopeo_docker_and_we_push_and_pull_the_same_image() {
    let host = Host::start().unwrap();
    let registry = Registry::start().unwrap();
    let (knarr, docker) = (host.knarr(), host.docker());
    let ours = registry.image("team/ours:1");
    import_busybox(&knarr, &ours).unwrap();
    knarr.ok(&["push", &ours]).unwrap();
    let copy = |from: &str, to: &str| {
        run(
            "skopeo",
            &["copy", "-q", "--insecure-policy", "--src-tls-verify=false", "--dest-tls-verify=false", from, to],
        );
    };
    let layout = format!("oci:{}:x", host.path().join("layout").display());
    copy(&format!("docker://{ours}"), &layout);
    let theirs = registry.image("team/theirs:1");
    copy(&layout, &format!("docker://{theirs}"));
    docker.ok(&["pull", &theirs]).unwrap();
    assert_eq!(knarr.ok(&["run", "--rm", &theirs, "echo", "hi"]).unwrap(), "hi");
    let id = |image: &str| knarr.ok(&["image", "inspect", "-f", "{{.Id}}", image]).unwrap();
    assert_eq!(id(&theirs), id(&ours));
    assert_eq!(
        registry.get("/v2/team/ours/tags/list").unwrap(),
        (200, "{\"name\":\"team/ours\",\"tags\":[\"1\"]}".into())
    );

    // A layer of many zstd frames is an ordinary one for others.
    let chunked = registry.image("team/chunked:1");
    knarr.ok(&["tag", &ours, &chunked]).unwrap();
    knarr.ok(&["push", "--compression", "zstd", &chunked]).unwrap();
    let (from, folder) = (format!("docker://{chunked}"), host.path().join("inflated"));
    let place = format!("dir:{}", folder.display());
    run("skopeo", &["copy", "-q", "--insecure-policy", "--src-tls-verify=false", "--dest-decompress", &from, &place]);
    let diff_id = knarr.ok(&["image", "inspect", "-f", "{{index .RootFS.Layers 0}}", &ours]).unwrap();
    assert!(folder.join(diff_id.trim_start_matches("sha256:")).exists(), "skopeo inflated to other bytes");
    // Another push of it finds nothing to compress and nothing to send; gzip is a choice, too.
    let manifest = registry.blobs("team/chunked", "1").unwrap();
    assert!(knarr.ok(&["push", "--compression", "zstd", &chunked]).unwrap().contains("Layer already exists"));
    assert_eq!(registry.blobs("team/chunked", "1").unwrap(), manifest);
    knarr.ok(&["push", "--compression", "gzip", &chunked]).unwrap();
    assert_eq!(registry.blobs("team/chunked", "1").unwrap(), registry.blobs("team/ours", "1").unwrap());
    let wrong = knarr.fails(&["push", "--compression", "lzma", &chunked]).unwrap().stderr;
    assert!(wrong.contains("one of gzip, zstd"), "{wrong}");
    assert!(registry.get("/v2/_catalog").unwrap().1.contains("\"team/theirs\""));
    host.finish().unwrap();
}

/// Makes a certificate for loopback and its key: one that vouches for itself, or that `authority` vouches for.
fn certificate(folder: &Path, name: &str, authority: Option<&(String, String)>) -> (String, String) {
    let file = |kind: &str| folder.join(format!("{name}.{kind}")).to_string_lossy().into_owned();
    let (certificate, key, subject) = (file("pem"), file("key"), format!("/CN={name}"));
    let mut args = vec!["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    args.extend(["-days", "2", "-subj", &subject, "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]);
    args.extend(["-keyout", &key, "-out", &certificate]);
    if let Some((authority, its_key)) = authority {
        args.extend(["-extensions", "usr_cert", "-CA", authority, "-CAkey", its_key]);
    }
    run("openssl", &args);
    (certificate, key)
}

#[test]
fn passwords_and_certificates() {
    let host = Host::start().unwrap();
    let folder = host.path().join("registry");
    std::fs::create_dir(&folder).unwrap();
    let (certificate, key) = certificate(&folder, "localhost", None);
    let users = folder.join("htpasswd");
    std::fs::write(&users, format!("ada:{}\n", bcrypt::hash("lovelace", 5).unwrap())).unwrap();
    let flags = ["--tls-cert", &certificate, "--tls-key", &key, "--htpasswd", &users.to_string_lossy()];
    let registry = Registry::start_on(&folder, "127.0.0.1:0", &flags).unwrap();
    let trusting = Host::start_with(&["--registry-ca", &certificate]).unwrap();
    let image = registry.image("secret:1");
    import_busybox(&host.knarr(), &image).unwrap();
    import_busybox(&trusting.knarr(), &image).unwrap();
    let untrusted = host.knarr().fails(&["push", &image]).unwrap().stderr;
    assert!(untrusted.contains("certificate"), "{untrusted}");
    let anonymous = trusting.knarr().fails(&["push", &image]).unwrap().stderr;
    assert!(anonymous.contains("auth") || anonymous.contains("denied"), "{anonymous}");
    let wrong = trusting.knarr().fails(&["login", "-u", "ada", "-p", "wrong", registry.address()]).unwrap().stderr;
    assert!(wrong.contains("unauthorized") || wrong.contains("incorrect"), "{wrong}");
    let login = trusting.knarr().ok(&["login", "-u", "ada", "-p", "lovelace", registry.address()]).unwrap();
    assert!(login.contains("Login Succeeded"), "{login}");
    trusting.knarr().ok(&["push", &image]).unwrap();
    trusting.docker().ok(&["pull", &image]).unwrap();
    trusting.docker().ok(&["logout", registry.address()]).unwrap();
    assert!(trusting.knarr().fails(&["pull", &image]).unwrap().stderr.contains("auth"));
    trusting.finish().unwrap();
    host.finish().unwrap();
}

/// A registry whose certificate an authority vouches for: the authority's file is configured, or among the system's.
#[test]
fn certificates_of_an_authority() {
    let folder = tempfile::tempdir().unwrap();
    let authority = certificate(folder.path(), "authority", None);
    let (shown, key) = certificate(folder.path(), "registry", Some(&authority));
    let flags = ["--tls-cert", &shown, "--tls-key", &key];
    let registry = Registry::start_on(&folder.path().join("root"), "127.0.0.1:0", &flags).unwrap();
    let image = registry.image("web:1");
    let configured = Host::start_with(&["--registry-ca", &authority.0]).unwrap();
    import_busybox(&configured.knarr(), &image).unwrap();
    configured.knarr().ok(&["push", &image]).unwrap();
    configured.finish().unwrap();

    let mut host = Host::start().unwrap();
    assert!(host.knarr().fails(&["pull", &image]).unwrap().stderr.contains("failed to verify certificate"));
    host.stop_daemon().unwrap();
    let mut command = host.daemon_command().unwrap();
    let mut daemon = Running::start(command.env("SSL_CERT_FILE", &authority.0)).unwrap();
    let answers = || host.knarr().run(&["version"]).unwrap().code == 0;
    wait_for("the daemon answers", Duration::from_secs(20), answers).unwrap();
    host.docker().ok(&["pull", &image]).unwrap();
    assert!(daemon.terminate(Duration::from_secs(20)).unwrap().success());
    host.resume().unwrap();
    host.finish().unwrap();
}

/// A registry that is nowhere but in the hosts table: its mirror serves a pull and a build; a push goes to the server.
#[test]
fn mirrors_serve_what_the_daemon_wants() {
    let (mirror, server, folder) =
        (Registry::start().unwrap(), Registry::start().unwrap(), tempfile::tempdir().unwrap());
    let table = folder.path().join("r.example/hosts.toml");
    std::fs::create_dir(table.parent().unwrap()).unwrap();
    let (mirror_at, server_at) = (mirror.address(), server.address());
    std::fs::write(table, format!("server = 'http://{server_at}'\n[host.'http://{mirror_at}']\n")).unwrap();
    let hub = format!("http://{mirror_at}");
    let host = Host::start_with(&["--certs-dir", &folder.path().to_string_lossy(), "--registry-mirror", &hub]).unwrap();
    for name in ["base:1", "library/base:1"] {
        import_busybox(&host.knarr(), &mirror.image(name)).unwrap();
        host.knarr().ok(&["push", &mirror.image(name)]).unwrap();
        host.knarr().ok(&["rmi", &mirror.image(name)]).unwrap();
    }
    host.docker().ok(&["pull", "r.example/base:1"]).unwrap();
    host.docker().ok(&["pull", "base:1"]).unwrap();
    host.docker().ok(&["rmi", "r.example/base:1", "base:1"]).unwrap();
    let context = folder.path().join("context");
    std::fs::create_dir(&context).unwrap();
    std::fs::write(context.join("Dockerfile"), "FROM r.example/base:1\nCMD [\"true\"]\n").unwrap();
    host.knarr().ok(&["build", "-q", "-t", "r.example/built:1", &context.to_string_lossy()]).unwrap();
    host.knarr().ok(&["push", "r.example/built:1"]).unwrap();
    assert_eq!(server.get("/v2/built/tags/list").unwrap().0, 200);
    assert_eq!(mirror.get("/v2/built/tags/list").unwrap().0, 404);
    let info = host.http().get("/v1.45/info").unwrap();
    assert_eq!(info["RegistryConfig"]["Mirrors"], serde_json::json!([hub]));
    host.finish().unwrap();
}

#[test]
fn a_registry_killed_in_the_middle_has_whole_images_or_none() {
    let host = Host::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::start_on(folder.path(), "127.0.0.1:0", &[]).unwrap();
    let address = registry.address().to_owned();
    let (first, second) = (registry.image("first:1"), registry.image("second:1"));
    import_busybox(&host.knarr(), &first).unwrap();
    host.knarr().ok(&["tag", &first, &second]).unwrap();
    host.knarr().ok(&["push", &first]).unwrap();
    let mut pushing = host.knarr().command(&["push", &second]).spawn().unwrap();
    registry.kill().unwrap();
    let _ = pushing.wait();
    let registry = Registry::start_on(folder.path(), &address, &[]).unwrap();
    let fresh = Host::start().unwrap();
    fresh.knarr().ok(&["pull", &first]).unwrap();
    assert_eq!(fresh.knarr().ok(&["run", "--rm", &first, "echo", "whole"]).unwrap(), "whole");
    host.knarr().ok(&["push", &second]).unwrap();
    drop(registry);
    fresh.finish().unwrap();
    host.finish().unwrap();
}

/// What a registry with a token service wants, and where credentials are kept meanwhile.
/// Every file below a folder, its name and its bytes in one text.
fn all_text(folder: &Path) -> Vec<u8> {
    let mut text = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        text.extend_from_slice(path.as_os_str().as_encoded_bytes());
        match (kind.is_dir(), kind.is_file()) {
            (true, _) => text.extend(all_text(&path)),
            (_, true) => text.extend(std::fs::read(&path).unwrap()),
            _ => {}
        }
    }
    text
}

/// Passwords and tokens, right and wrong, are in no log, however much is logged, in no output and in no file of the daemon's.
#[test]
fn no_secret_is_told_or_kept() {
    let (host, registry) = (Host::start_with(&["--log-level", "trace"]).unwrap(), Registry::start().unwrap());
    let gate = Gate::start(registry.address()).unwrap();
    let knarr = host.knarr();
    let image = format!("{}/team/web:1", gate.address());
    import_busybox(&knarr, &image).unwrap();
    let mut said = String::new();
    let missing = format!("{}/team/none:1", gate.address());
    for (fine, args) in [
        (false, vec!["login", "-u", "ada", "-p", "canary-wrong", &gate.address()]),
        (false, vec!["push", &image]),
        (true, vec!["login", "-u", "ada", "-p", "lovelace", &gate.address()]),
        (true, vec!["push", &image]),
        (true, vec!["pull", &image]),
        (false, vec!["pull", &missing]),
        (true, vec!["info"]),
    ] {
        let output = if fine { knarr.ok(&args).unwrap() } else { knarr.fails(&args).unwrap().stderr };
        said.push_str(&output);
    }
    let log = host.log();
    assert!(!log.is_empty(), "nothing was logged that could tell");
    let kept = all_text(&host.data_root());
    // The password, it as basic authentication, the token, and a wrong password in both forms.
    for secret in ["lovelace", "YWRhOmxvdmVsYWNl", "a-token-of-adas", "canary-wrong", "YWRhOmNhbmFyeS13cm9uZw"] {
        assert!(!said.contains(secret), "{secret} was said");
        assert!(!log.contains(secret), "{secret} was logged");
        assert!(!kept.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret} was kept");
    }
    host.finish().unwrap();
}

#[test]
fn tokens_and_credential_helpers() {
    let (host, registry) = (Host::start().unwrap(), Registry::start().unwrap());
    let gate = Gate::start(registry.address()).unwrap();
    let (knarr, docker) = (host.knarr(), host.docker());
    let image = format!("{}/team/web:1", gate.address());
    import_busybox(&knarr, &image).unwrap();
    let denied = knarr.fails(&["push", &image]).unwrap().stderr;
    assert!(denied.contains("unauthorized") && denied.contains("knarr login"), "{denied}");
    knarr.fails(&["login", "-u", "ada", "-p", "wrong", &gate.address()]).unwrap();
    knarr.ok(&["login", "-u", "ada", "-p", "lovelace", &gate.address()]).unwrap();
    let config = host.path().join("client/config.json");
    let kept: serde_json::Value = serde_json::from_slice(&std::fs::read(&config).unwrap()).unwrap();
    assert_eq!(kept["auths"][gate.address()]["auth"], "YWRhOmxvdmVsYWNl", "as docker keeps it");
    knarr.ok(&["push", &image]).unwrap();
    docker.ok(&["pull", &image]).unwrap();
    knarr.ok(&["logout", &gate.address()]).unwrap();
    assert!(!std::fs::read_to_string(&config).unwrap().contains("YWRh"));
    docker.fails(&["pull", &image]).unwrap();

    let helper = "#!/bin/sh\nkept=$(dirname \"$0\")/kept\ncase $1 in\nstore) cat >\"$kept\" ;;\nget) cat \"$kept\" ;;\nerase) rm \"$kept\" ;;\nesac\n";
    let folder = host.path().join("helpers");
    std::fs::create_dir(&folder).unwrap();
    let program = folder.join("docker-credential-test");
    std::fs::write(&program, helper).unwrap();
    run("chmod", &["755", &program.to_string_lossy()]);
    std::fs::write(&config, format!("{{\"credHelpers\":{{\"{}\":\"test\"}}}}", gate.address())).unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let with_helper = |args: &[&str]| knarr.command(args).env("PATH", &path).output().unwrap();
    let login = with_helper(&["login", "-u", "ada", "-p", "lovelace", &gate.address()]);
    assert!(login.status.success(), "{}", String::from_utf8_lossy(&login.stderr));
    assert!(std::fs::read_to_string(folder.join("kept")).unwrap().contains("lovelace"));
    assert!(!std::fs::read_to_string(&config).unwrap().contains("auths"), "the file keeps no secret then");
    assert!(with_helper(&["pull", &image]).status.success());
    assert!(with_helper(&["logout", &gate.address()]).status.success());
    assert!(!folder.join("kept").exists());
    host.finish().unwrap();
}
