//! What is built again, what is not, and what the build says of it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use knarr_e2e::corpus::FileServer;
use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host, Registry};

const DOCKERFILE: &str =
    "FROM busybox\nCOPY data /data\nRUN head -c 16 /dev/urandom | hexdump > /random\nCMD [\"cat\", \"/random\"]\n";

struct Bench {
    host: Host,
    context: PathBuf,
}

impl Bench {
    fn new(dockerfile: &str) -> Self {
        let host = Host::start().unwrap();
        import_busybox(&host.knarr(), "busybox").unwrap();
        let context = host.path().join("context");
        context_of(&context, dockerfile);
        Self { host, context }
    }

    /// The build's output, and the image's id.
    fn build(&self, flags: &[&str]) -> (String, String) {
        build(&self.host.knarr(), &self.context, flags)
    }
}

fn context_of(folder: &Path, dockerfile: &str) {
    fs::create_dir_all(folder.join("data")).unwrap();
    fs::write(folder.join("Dockerfile"), dockerfile).unwrap();
    fs::write(folder.join("data/file"), "one").unwrap();
}

fn build(client: &Client, context: &Path, flags: &[&str]) -> (String, String) {
    let said = client.ok(&[&["build", "-t", "built"], flags, &[&context.to_string_lossy()]].concat()).unwrap();
    (said, client.ok(&["image", "inspect", "-f", "{{.Id}}", "built"]).unwrap())
}

#[test]
fn times_do_not_count_and_modes_do() {
    let bench = Bench::new(DOCKERFILE);
    let (_, first) = bench.build(&[]);
    let file = bench.context.join("data/file");
    assert!(Command::new("touch").args(["-d", "@1000"]).arg(&file).status().unwrap().success());
    let (said, again) = bench.build(&[]);
    assert_eq!((said.matches("Using cache").count(), &again), (3, &first), "{said}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let (said, changed) = bench.build(&[]);
    assert_ne!(changed, first);
    assert!(
        said.contains("Not cached: changed files: file") && said.contains("Not cached: the step before changed"),
        "{said}"
    );
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(bench.build(&[]).1, first, "as it was: the result is still there");
    fs::write(bench.context.join("data/more"), "").unwrap();
    assert!(bench.build(&[]).0.contains("Not cached: changed files: more"));
    bench.host.finish().unwrap();
}

#[test]
fn arguments_bases_and_the_user_decide() {
    let bench = Bench::new("FROM busybox\nARG WHO=me\nRUN echo $WHO > /who\nRUN cat /who\n");
    let (_, first) = bench.build(&[]);
    let (said, given) = bench.build(&["--build-arg", "WHO=you"]);
    assert!(said.contains("Not cached: changed variables: WHO"), "{said}");
    assert_ne!(given, first);
    assert_eq!(bench.build(&["--build-arg", "HTTP_PROXY=http://127.0.0.1:1"]).1, first, "a proxy is no input");
    let (said, anew) = bench.build(&["--no-cache"]);
    assert_eq!(said.matches("Not cached: --no-cache").count(), 3, "{said}");
    assert_ne!(anew, first);
    let knarr = bench.host.knarr();
    fs::write(bench.context.join("Base"), "FROM busybox\nENV BASE=other\n").unwrap();
    knarr
        .ok(&[
            "build",
            "-t",
            "busybox",
            "-f",
            &bench.context.join("Base").to_string_lossy(),
            &bench.context.to_string_lossy(),
        ])
        .unwrap();
    let (said, other) = bench.build(&[]);
    assert_eq!(said.matches("Using cache").count(), 0, "another base: {said}");
    assert_ne!(other, first);
    knarr.ok(&["builder", "prune", "-f"]).unwrap();
    assert_eq!(bench.build(&[]).0.matches("Using cache").count(), 0);
    bench.host.finish().unwrap();
}

#[test]
fn what_a_url_gives_is_looked_at_each_time() {
    let bench = Bench::new("FROM busybox\n");
    let served = bench.host.path().join("served");
    fs::create_dir(&served).unwrap();
    fs::write(served.join("a"), "one").unwrap();
    let url = FileServer::start(&served).unwrap().url();
    context_of(&bench.context, &format!("FROM busybox\nADD {url}/a /a\nRUN cat /a\n"));
    let (_, first) = bench.build(&[]);
    assert_eq!(bench.build(&[]).1, first);
    fs::write(served.join("a"), "two").unwrap();
    let (said, changed) = bench.build(&[]);
    assert!(said.contains("Not cached: changed files: a") && said.contains("\ntwo"), "{said}");
    assert_ne!(changed, first);
    bench.host.finish().unwrap();
}

#[test]
fn an_image_from_elsewhere_is_a_source_when_it_is_named() {
    let registry = Registry::start().unwrap();
    let (base, image) = (registry.image("busybox"), registry.image("built"));
    let dockerfile = DOCKERFILE.replace("FROM busybox", &format!("FROM {base}"));
    let (first, second) = (Bench::new(&dockerfile), Bench::new(&dockerfile));
    first.host.knarr().ok(&["tag", "busybox", &base]).unwrap();
    first.host.knarr().ok(&["push", &base]).unwrap();
    let (_, id) = first.build(&["-t", &image]);
    first.host.docker().ok(&["push", &image]).unwrap();
    for client in [second.host.knarr(), second.host.docker()] {
        client.ok(&["pull", &image]).unwrap();
        let (said, taken) = build(&client, &second.context, &["--cache-from", &image]);
        assert_eq!((said.matches("Using cache").count(), &taken), (3, &id), "{}: {said}", client.name());
        client.ok(&["rmi", "-f", "built", &image]).unwrap();
        client.ok(&["builder", "prune", "-f"]).unwrap();
    }
    second.host.knarr().ok(&["pull", &image]).unwrap();
    fs::write(second.context.join("data/file"), "two").unwrap();
    let (said, other) = build(&second.host.knarr(), &second.context, &["--cache-from", &image]);
    assert_eq!(said.matches("Using cache").count(), 0, "other files: {said}");
    assert_ne!(other, id);
    let (said, _) = build(&second.host.knarr(), &second.context, &["--cache-from", "nobody/has:this"]);
    assert!(said.contains("--cache-from nobody/has:this: no such image here"), "{said}");
    first.host.finish().unwrap();
    second.host.finish().unwrap();
}
