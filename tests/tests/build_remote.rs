//! Contexts that are somewhere else.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use knarr_e2e::corpus::FileServer;
use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host, Running, wait_for};

struct Bench {
    host: Host,
    served: PathBuf,
}

impl Bench {
    fn new() -> Self {
        let host = Host::start().unwrap();
        import_busybox(&host.knarr(), "busybox").unwrap();
        let served = host.path().join("served");
        fs::create_dir(&served).unwrap();
        Self { host, served }
    }

    fn build(&self, args: &[&str]) -> String {
        self.host.knarr().ok(&[&["build", "-t", "built"], args].concat()).unwrap()
    }

    fn fails(&self, args: &[&str]) -> String {
        let failed = self.host.knarr().fails(&[&["build"], args].concat()).unwrap();
        failed.stdout + &failed.stderr
    }

    fn shown(&self, command: &[&str]) -> String {
        self.host.knarr().ok(&[&["run", "--rm", "--network=none", "built"], command].concat()).unwrap()
    }

    fn scratch_is_empty(&self) -> bool {
        fs::read_dir(self.host.data_root().join("tmp")).map_or(true, |mut entries| entries.next().is_none())
    }
}

fn run(folder: &Path, command: &[&str]) {
    let status = Command::new(command[0])
        .args(&command[1..])
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(status.unwrap().success(), "{command:?}");
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn archives_and_dockerfiles_behind_urls() {
    let bench = Bench::new();
    let context = bench.host.path().join("context");
    write(
        &context,
        &[
            ("Dockerfile", "FROM busybox\nCOPY . /all\n"),
            ("Other", "FROM busybox\nLABEL other=1\n"),
            (".dockerignore", "*.log\n!keep.log\nOther\nsecret\n"),
            ("a.log", ""),
            ("keep.log", ""),
            ("secret/key", ""),
            ("file", ""),
        ],
    );
    let archive = bench.served.join("context.tar.gz");
    run(&context, &["tar", "-czf", &archive.to_string_lossy(), "."]);
    fs::write(bench.served.join("Plain"), "FROM busybox\nRUN echo plain > /plain\n").unwrap();
    fs::write(bench.served.join("noise"), [0xff; 100]).unwrap();
    let url = FileServer::start(&bench.served).unwrap().url();
    bench.build(&[&format!("{url}/context.tar.gz")]);
    assert_eq!(bench.shown(&["ls", "-A", "/all"]), ".dockerignore\nDockerfile\nfile\nkeep.log");
    bench.build(&["-f", "Other", &format!("{url}/context.tar.gz")]);
    bench.build(&[&format!("{url}/Plain")]);
    assert_eq!(bench.shown(&["cat", "/plain"]), "plain");
    assert!(bench.fails(&[&format!("{url}/missing")]).contains("404 Not Found"));
    assert!(bench.fails(&[&format!("{url}/noise")]).contains("neither an archive nor a Dockerfile"));
    assert!(
        bench
            .fails(&["-f", "Nowhere", &format!("{url}/context.tar.gz")])
            .contains("Cannot locate specified Dockerfile: Nowhere")
    );
    assert!(bench.fails(&["http://127.0.0.1:1/x"]).contains("the server cannot be reached"));
    assert!(bench.fails(&["ftp://127.0.0.1/x"]).contains("must be an http, https or git URL"));
    assert!(bench.scratch_is_empty());
    bench.host.finish().unwrap();
}

/// A repository with a branch, a tag, a folder, a hook and a submodule, served by git's own daemon.
struct Repository {
    url: String,
    commit: String,
    daemon: Running,
}

impl Repository {
    fn serve(base: &Path, outside: &Path) -> Self {
        let work = base.join("work");
        fs::create_dir_all(&work).unwrap();
        let git = |args: &[&str]| {
            let identity = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "protocol.file.allow=always"];
            run(&work, &[&["git"], identity.as_slice(), args].concat());
        };
        git(&["init", "-q", "-b", "main"]);
        write(
            &work,
            &[
                ("Dockerfile", "FROM busybox\nCOPY . /all\n"),
                ("file", "main"),
                (".dockerignore", "ignored\n"),
                ("ignored", ""),
            ],
        );
        symlink(outside, work.join("out")).unwrap();
        git(&["add", "-A"]);
        git(&["commit", "-q", "-m", "one"]);
        let commit = Command::new("git").args(["rev-parse", "HEAD"]).current_dir(&work).output().unwrap().stdout;
        git(&["checkout", "-q", "-b", "feature"]);
        write(&work, &[("sub/Dockerfile", "FROM busybox\nCOPY file /all\n"), ("sub/file", "feature")]);
        git(&["submodule", "--quiet", "add", &work.to_string_lossy(), "module"]);
        git(&["add", "-A"]);
        git(&["commit", "-q", "-m", "two"]);
        git(&["tag", "v1"]);
        git(&["checkout", "-q", "main"]);
        run(base, &["git", "clone", "-q", "--bare", &work.to_string_lossy(), "served.git"]);
        let (daemon, port) = serve(base);
        let url = format!("git://127.0.0.1:{port}/served.git");
        Self { url, commit: String::from_utf8(commit).unwrap().trim().to_owned(), daemon }
    }
}

fn serve(base: &Path) -> (Running, u16) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    // The program itself: `git daemon` would leave it behind when it is killed.
    let programs = Command::new("git").arg("--exec-path").output().unwrap().stdout;
    let mut command = Command::new(Path::new(String::from_utf8(programs).unwrap().trim()).join("git-daemon"));
    command.args(["--listen=127.0.0.1", &format!("--port={port}"), "--export-all", "--reuseaddr"]);
    command
        .arg(format!("--base-path={}", base.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let daemon = Running::start(&mut command).unwrap();
    let answers = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
    wait_for("git's daemon to answer", Duration::from_secs(20), answers).unwrap();
    (daemon, port)
}

#[test]
fn git_repositories() {
    let bench = Bench::new();
    let outside = bench.host.path().join("outside");
    write(&outside, &[("Dockerfile", "FROM busybox\nRUN echo escaped\n")]);
    let mut repository = Repository::serve(&bench.served, &outside);
    let (url, commit) = (repository.url.clone(), repository.commit.clone());
    bench.build(&[&url]);
    assert_eq!(
        bench.shown(&["ls", "-A", "/all"]),
        ".dockerignore\nDockerfile\nfile\nout",
        "neither .git nor what is ignored"
    );
    for reference in ["feature", "v1"] {
        bench.build(&[&format!("{url}#{reference}:sub")]);
        assert_eq!(bench.shown(&["cat", "/all"]), "feature", "{reference}");
    }
    bench.build(&["--no-cache", &format!("{url}#{commit}")]);
    assert_eq!(bench.shown(&["cat", "/all/file"]), "main");
    let said = bench.build(&[&format!("{url}#feature")]);
    assert!(said.contains("submodules are not fetched"), "{said}");
    assert_eq!(bench.shown(&["ls", "-A", "/all/module"]), "");
    assert!(bench.fails(&[&format!("{url}#nowhere")]).contains("git fetch failed: fatal:"));
    assert!(bench.fails(&[&format!("{url}#main:out")]).contains("open the folder out of the repository"));
    bench.build(&[&format!("{url}#main:../../..")]);
    assert_eq!(bench.shown(&["cat", "/all/file"]), "main", "the repository is the root of all its paths");
    for bad in [format!("{url}#--upload-pack=x"), "git://127.0.0.1/ x".into()] {
        assert!(bench.fails(&[&bad]).contains("must be URL[#[branch, tag or commit][:folder]]"), "{bad}");
    }
    for bad in ["file:///etc/x.git", "ssh://127.0.0.1/x.git", "git@127.0.0.1:x.git", "ext://sh/x.git"] {
        assert!(bench.fails(&[bad]).contains("must be an http, https or git URL"), "{bad}");
    }
    assert!(bench.scratch_is_empty());
    repository.daemon.kill().unwrap();
    bench.host.finish().unwrap();
}

#[test]
fn without_git_the_daemon_says_so() {
    let mut bench = Bench::new();
    bench.host.stop_daemon().unwrap();
    let mut command = bench.host.daemon_command().unwrap();
    let mut daemon = Running::start(command.env("PATH", "/nonexistent")).unwrap();
    let knarr = bench.host.knarr();
    wait_for("the daemon answers", Duration::from_secs(20), || knarr.run(&["version"]).is_ok_and(|v| v.code == 0))
        .unwrap();
    assert!(bench.fails(&["git://127.0.0.1/x"]).contains("git is not installed on the daemon's machine"));
    daemon.terminate(Duration::from_secs(20)).unwrap();
    bench.host.resume().unwrap();
    bench.host.finish().unwrap();
}

#[test]
fn archives_at_stdin() {
    let bench = Bench::new();
    let context = bench.host.path().join("context");
    write(
        &context,
        &[
            ("Dockerfile", "FROM busybox\nCOPY file /got\n"),
            ("sub/Other", "FROM busybox\nCOPY file /other\n"),
            ("file", "text"),
        ],
    );
    for client in [bench.host.knarr(), bench.host.docker()] {
        for flags in ["-cf", "-czf"] {
            let said = piped(&client, &["build", "--no-cache", "-t", "built", "-"], &tar(&context, flags));
            assert!(said.contains("Successfully tagged built:latest"), "{}: {said}", client.name());
            assert_eq!(bench.shown(&["cat", "/got"]), "text");
        }
        piped(&client, &["build", "-t", "built", "-f", "sub/Other", "-"], &tar(&context, "-cf"));
        assert_eq!(bench.shown(&["cat", "/other"]), "text");
        piped(
            &client,
            &["build", "-t", "built", "-f", "-", &context.to_string_lossy()],
            b"FROM busybox\nCOPY file /third\n",
        );
        assert_eq!(bench.shown(&["cat", "/third"]), "text");
    }
    bench.host.finish().unwrap();
}

fn tar(folder: &Path, flags: &str) -> Vec<u8> {
    Command::new("tar").args([flags, "-", "-C"]).arg(folder).arg(".").output().unwrap().stdout
}

fn piped(client: &Client, args: &[&str], input: &[u8]) -> String {
    let mut command = client.command(args);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{}: {said}", client.name());
    said
}
