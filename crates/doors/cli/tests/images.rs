//! `pull`, `push`, `build`, `load`, `save`, `login`, against a daemon that is told what to say.

mod fake;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use fake::{Answer, Fake, ok};

const PULL: &str = "{\"status\":\"Pulling from debian\",\"id\":\"12\"}\r\n\
    {\"status\":\"Downloading\",\"progressDetail\":{\"current\":1,\"total\":2},\"id\":\"aaa\"}\r\n\
    {\"status\":\"Pull complete\",\"progressDetail\":{},\"id\":\"aaa\"}\r\n{\"status\":\"Status: Downloaded newer image for debian:12\"}\r\n";

#[test]
fn pull_prints_dockers_lines() {
    let fake = Fake::start(&[("POST /images/create", ok(PULL))]);
    let done = fake.run(&["pull", "debian:12"]);
    let lines = "12: Pulling from debian\naaa: Pull complete\nStatus: Downloaded newer image for debian:12\ndocker.io/library/debian:12\n";
    assert_eq!((done.code, done.stdout.as_str()), (0, lines));
    assert_eq!(fake.run(&["pull", "-q", "r:5000/a"]).stdout, "r:5000/a:latest\n");
    assert!(fake.run(&["pull", "r:5000/a"]).stdout.starts_with("Using default tag: latest\n"));
    assert_eq!(fake.header("x-registry-auth").unwrap(), URL_SAFE.encode("{}"));
}

#[test]
fn an_error_in_the_stream_is_a_failure() {
    let fake =
        Fake::start(&[("POST /images/", ok("{\"errorDetail\":{\"message\":\"denied\"},\"error\":\"denied\"}\r\n"))]);
    let done = fake.run(&["push", "r:5000/a:1"]);
    assert_eq!((done.code, done.stderr.as_str()), (1, "denied\n"));
    assert_eq!(fake.run(&["pull", "UPPER"]).code, 1);
}

#[test]
fn credentials_go_to_their_registry_only() {
    let fake = Fake::start(&[
        ("POST /auth", ok(r#"{"Status":"Login Succeeded","IdentityToken":""}"#)),
        ("POST /images/create", ok(PULL)),
    ]);
    let done = fake.run_with(&["login", "-u", "me", "--password-stdin", "r.example:5000"], b"secret\n");
    assert_eq!((done.code, done.stdout.as_str()), (0, "Login Succeeded\n"), "{}", done.stderr);
    assert_eq!(fake.json("POST /auth")["password"], "secret");
    fake.run(&["pull", "r.example:5000/a:1"]);
    let sent = URL_SAFE.decode(fake.header("x-registry-auth").unwrap()).unwrap();
    assert!(String::from_utf8(sent).unwrap().contains("secret"));
    fake.run(&["pull", "r.example:5001/a:1"]);
    assert_eq!(fake.header("x-registry-auth").unwrap(), URL_SAFE.encode("{}"));
    assert_eq!(fake.run(&["logout", "r.example:5000"]).stdout, "Removing login credentials for r.example:5000\n");
    fake.run(&["pull", "r.example:5000/a:1"]);
    assert_eq!(fake.header("x-registry-auth").unwrap(), URL_SAFE.encode("{}"));
}

#[test]
fn build_sends_what_is_not_ignored() {
    let output = "{\"stream\":\"Step 1/1 : FROM scratch\\n\"}\r\n{\"aux\":{\"ID\":\"sha256:77\"}}\r\n{\"stream\":\"Successfully built 77\\n\"}\r\n";
    let fake = Fake::start(&[("POST /build", ok(output))]);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("Dockerfile"), "FROM scratch").unwrap();
    std::fs::write(path("kept"), "x").unwrap();
    std::fs::write(path("secret"), "y").unwrap();
    std::fs::write(path(".dockerignore"), "secret\nDockerfile\n").unwrap();
    let iid = path("iid");
    let context = folder.path().to_str().unwrap();
    let arguments = ["build", "-t", "web", "--build-arg", "A=1", "--iidfile", iid.to_str().unwrap(), context];
    let done = fake.run(&arguments);
    assert_eq!(
        (done.code, done.stdout.as_str()),
        (0, "Step 1/1 : FROM scratch\nSuccessfully built 77\n"),
        "{}",
        done.stderr
    );
    assert_eq!(std::fs::read_to_string(iid).unwrap(), "sha256:77");
    let query = "version=1&t=web&dockerfile=Dockerfile&buildargs=%7B%22A%22%3A%221%22%7D&rm=1";
    assert_eq!(fake.requests(), [format!("POST /build?{query}")]);
    let body = fake.body("POST /build");
    let mut archive = tar::Archive::new(&body[..]);
    let names: Vec<String> =
        archive.entries().unwrap().map(|e| e.unwrap().path().unwrap().display().to_string()).collect();
    assert_eq!(names, [".dockerignore", "Dockerfile", "kept"]);
    assert_eq!(fake.run(&["build", "-q", context]).stdout, "sha256:77\n");
}

#[test]
fn a_failed_step_gives_its_code() {
    let output = "{\"stream\":\"Step 1/1 : RUN false\\n\"}\r\n{\"errorDetail\":{\"code\":3,\"message\":\"Dockerfile:1:1: failed\"},\"error\":\"x\"}\r\n";
    let fake = Fake::start(&[("POST /build", ok(output))]);
    let done = fake.run_with(&["build", "-"], b"FROM scratch");
    let body = fake.body("POST /build");
    let names: Vec<_> =
        tar::Archive::new(&body[..]).entries().unwrap().map(|e| e.unwrap().path().unwrap().into_owned()).collect();
    assert_eq!(names, [std::path::Path::new("Dockerfile")]);
    fake.run_with(&["build", "-"], &body);
    assert_eq!(fake.body("POST /build"), body);
    assert_eq!((done.code, done.stderr.as_str()), (3, "Dockerfile:1:1: failed\n"));
    let done = fake.run(&["build", "/nowhere/at/all"]);
    assert!(done.code == 1 && done.stderr.contains("/nowhere/at/all"), "{}", done.stderr);
}

#[test]
fn save_and_load_stream() {
    let fake = Fake::start(&[
        ("GET /images/get", ok("an archive")),
        ("POST /images/load", ok("{\"stream\":\"Loaded image: a:1\\n\"}\n")),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.tar");
    let file = file.to_str().unwrap();
    assert_eq!(fake.run(&["save", "a:1", "b"]).stdout, "an archive");
    assert_eq!(fake.run(&["save", "-o", file, "a:1"]).code, 0);
    assert_eq!(std::fs::read_to_string(file).unwrap(), "an archive");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(fake.run(&["load", "-i", file]).stdout, "Loaded image: a:1\n");
    assert_eq!(fake.body("POST /images/load"), b"an archive");
    assert_eq!(fake.requests()[0], "GET /images/get?names=a%3A1&names=b");
}

#[test]
fn removing_says_what_is_gone() {
    let fake = Fake::start(&[
        ("DELETE /images/gone", Answer::Body(404, r#"{"message":"No such image: gone:latest"}"#.into())),
        ("DELETE /images/a:1", ok(r#"[{"Untagged":"a:1"},{"Deleted":"sha256:1"}]"#)),
    ]);
    let done = fake.run(&["rmi", "gone", "a:1"]);
    assert_eq!((done.code, done.stdout.as_str()), (1, "Untagged: a:1\nDeleted: sha256:1\n"));
    assert_eq!(done.stderr, "Error response from daemon: No such image: gone:latest\n");
}
