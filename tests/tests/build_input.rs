//! Where a build's input comes from, and what it must not reach.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Host, Running, wait_for};

struct Bench {
    host: Host,
    context: PathBuf,
}

impl Bench {
    fn new(dockerfile: &str) -> Self {
        let host = Host::start().unwrap();
        import_busybox(&host.knarr(), "busybox").unwrap();
        let context = host.path().join("context");
        fs::create_dir(&context).unwrap();
        let bench = Self { host, context };
        bench.dockerfile(dockerfile);
        bench
    }

    fn dockerfile(&self, text: &str) {
        fs::write(self.context.join("Dockerfile"), text).unwrap();
    }

    fn build(&self, flags: &[&str]) -> String {
        let context = self.context.to_string_lossy().into_owned();
        self.host.docker().ok(&[&["build", "-t", "built"], flags, &[&context]].concat()).unwrap()
    }

    fn fails(&self) -> String {
        let context = self.context.to_string_lossy().into_owned();
        let failed = self.host.docker().fails(&["build", &context]).unwrap();
        failed.stdout + &failed.stderr
    }
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none())
}

#[test]
fn links_lead_nowhere() {
    let bench = Bench::new("FROM busybox\nCOPY secret /\n");
    let outside = bench.host.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("canary"), "secret").unwrap();
    symlink(outside.join("canary"), bench.context.join("secret")).unwrap();
    symlink(&outside, bench.context.join("folder")).unwrap();
    assert!(bench.fails().contains("Dockerfile:2:1: COPY failed: file not found in build context"));
    bench.dockerfile("FROM busybox\nCOPY folder/canary /\n");
    assert!(bench.fails().contains("file not found in build context"));
    bench.dockerfile("FROM busybox\nCOPY ../outside/canary /\n");
    assert!(bench.fails().contains("forbidden path outside the build context"));
    let shown = outside.display();
    bench.dockerfile(&format!(
        "FROM busybox AS a\nRUN ln -s {shown} /w && ln -s /proc/1/root{shown} /p\nWORKDIR /w/made\nCOPY Dockerfile /w/canary\n\
         COPY Dockerfile /p/canary\nFROM busybox\nCOPY --from=a {shown}/canary /copied\n"
    ));
    bench.build(&[]);
    assert_eq!(fs::read_to_string(outside.join("canary")).unwrap(), "secret");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    let copied = bench.host.docker().ok(&["run", "--rm", "built", "head", "-n1", "/copied"]).unwrap();
    assert_eq!(copied, "FROM busybox AS a", "the link was followed inside the image");
    bench.host.finish().unwrap();
}

#[test]
fn a_client_that_goes_ends_its_build() {
    let bench = Bench::new("FROM busybox\nRUN echo begun; sleep 1000\n");
    let mut command = bench.host.docker().command(&["build", &bench.context.to_string_lossy()]);
    let mut client = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::null())).unwrap();
    let lines = BufReader::new(client.stdout().unwrap()).lines();
    assert!(lines.map(Result::unwrap).any(|line| line == "begun"));
    client.kill().unwrap();
    let knarr = bench.host.knarr();
    wait_for("the build's container to go", Duration::from_secs(20), || {
        knarr.ok(&["ps", "-aq"]).is_ok_and(|ids| ids.is_empty())
    })
    .unwrap();
    let scratch = bench.host.data_root().join("tmp");
    wait_for("the build's folder to go", Duration::from_secs(20), || is_empty(&scratch)).unwrap();
    bench.host.finish().unwrap();
}

#[test]
fn a_dockerfile_may_lie_outside_or_come_alone() {
    let bench = Bench::new("FROM busybox\nRUN false\n");
    fs::write(bench.context.join("file"), "in the context").unwrap();
    let outside = bench.host.path().join("Other");
    fs::write(&outside, "FROM busybox\nCOPY . /all\nRUN ls -A /all\n").unwrap();
    let said = bench.build(&["-f", &outside.to_string_lossy()]);
    assert!(said.contains("\nDockerfile\nfile\n"), "{said}");
    for client in [bench.host.docker(), bench.host.knarr()] {
        let mut command = client.command(&["build", "-q", "-"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"FROM busybox\nRUN echo alone\n").unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stdout.starts_with(b"sha256:"), "{}: {output:?}", client.name());
    }
    bench.host.finish().unwrap();
}

#[test]
fn a_url_is_added_and_checked() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/data.txt", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        for body in ["one", "one", "two", "two"] {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let length = body.len();
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}").unwrap();
        }
    });
    let bench = Bench::new(&format!("FROM busybox\nADD {url} /got/\nRUN cat /got/data.txt\n"));
    assert!(bench.build(&[]).contains("\none"));
    assert_eq!(bench.build(&[]).matches("Using cache").count(), 2, "the same content");
    assert!(bench.build(&[]).contains("Not cached: changed files: data.txt"), "other content");
    let wrong = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    bench.dockerfile(&format!("FROM busybox\nADD --checksum={wrong} {url} /got/\n"));
    assert!(bench.fails().contains("has the digest sha256:"));
    server.join().unwrap();
    bench.host.finish().unwrap();
}

#[test]
fn run_is_a_container_like_any_other() {
    let bench = Bench::new(
        "FROM busybox\nRUN --network=none ls /sys/class/net > /none\nRUN <<EOF\n#!/bin/sh\necho \"script $0\" > /script\nEOF\n\
         RUN grep -q 'Seccomp:.2' /proc/self/status && grep -q 'CapInh:.0000000000000000' /proc/self/status\n\
         ARG TOKEN\nRUN echo \"$TOKEN $HTTP_PROXY\" > /env\nRUN [\"ls\", \"/dev/pipes\"]\n",
    );
    let failed = bench.fails();
    assert!(failed.contains("The command 'ls /dev/pipes' returned a non-zero code"), "{failed}");
    bench.dockerfile(
        &fs::read_to_string(bench.context.join("Dockerfile")).unwrap().replace("RUN [\"ls\", \"/dev/pipes\"]\n", ""),
    );
    bench.build(&["--build-arg", "TOKEN=t", "--build-arg", "HTTP_PROXY=http://proxy", "--memory", "64m"]);
    let shown = bench.host.docker().ok(&["run", "--rm", "built", "cat", "/none", "/script", "/env"]).unwrap();
    assert_eq!(shown, "lo\nscript /dev/pipes/EOF\nt http://proxy");
    let history = bench.host.docker().ok(&["history", "--no-trunc", "built"]).unwrap();
    assert!(history.contains("TOKEN=t") && !history.contains("http://proxy"), "{history}");
    bench.host.finish().unwrap();
}
