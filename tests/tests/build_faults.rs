//! Builds that go wrong, and input that means harm: nothing half-made stays, and the daemon goes on.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Disk, Host, Running};

struct Bench {
    host: Host,
    context: PathBuf,
}

impl Bench {
    fn new() -> Self {
        let host = Host::start().unwrap();
        import_busybox(&host.knarr(), "busybox").unwrap();
        let context = host.path().join("context");
        fs::create_dir(&context).unwrap();
        Self { host, context }
    }

    fn dockerfile(&self, text: &str) {
        fs::write(self.context.join("Dockerfile"), text).unwrap();
    }

    fn context(&self) -> String {
        self.context.to_string_lossy().into_owned()
    }

    fn build(&self) -> String {
        self.host.knarr().ok(&["build", "-t", "built", &self.context()]).unwrap()
    }

    fn fails(&self, args: &[&str]) -> String {
        let failed = self.host.knarr().fails(&[&["build"], args].concat()).unwrap();
        failed.stdout + &failed.stderr
    }

    /// Builds from this archive at stdin; what is said.
    fn piped(&self, archive: &[u8]) -> (bool, String) {
        let mut command = self.host.docker().command(&["build", "-"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A daemon that refuses early closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(archive);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.success(), said)
    }

    /// No container, no scratch folder, no layer that is not whole.
    #[track_caller]
    fn nothing_half_made(&self) {
        assert_eq!(self.host.knarr().ok(&["ps", "-aq"]).unwrap(), "");
        let data = self.host.data_root();
        assert_eq!(names(&data.join("tmp")), [""; 0]);
        assert_eq!(names(&data.join("containers")), [""; 0]);
        let unfinished = |name: &String| name.starts_with('.');
        assert_eq!(names(&data.join("layers")).into_iter().filter(unfinished).collect::<Vec<_>>(), [""; 0]);
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).map(|entries| entries.flatten().collect()).unwrap_or_else(|_| Vec::new());
    entries.iter().map(|entry: &fs::DirEntry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn run(command: &[&str]) {
    let output = Command::new(command[0]).args(&command[1..]).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_killed_daemon_leaves_nothing_of_its_builds() {
    let mut bench = Bench::new();
    bench.dockerfile("FROM busybox\nRUN echo kept > /kept\nCOPY . /all\nRUN echo begun; sleep 1000\n");
    let mut command = bench.host.docker().command(&["build", &bench.context()]);
    let mut client = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::null())).unwrap();
    let mut lines = BufReader::new(client.stdout().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line == "begun"));
    bench.host.kill_daemon().unwrap();
    bench.host.resume().unwrap();
    bench.nothing_half_made();
    bench.dockerfile("FROM busybox\nRUN echo kept > /kept\nCOPY . /all\nRUN true\n");
    assert!(bench.build().contains("Using cache"), "the finished step is still there");
    bench.host.finish().unwrap();
}

#[test]
fn the_same_build_twice_at_once() {
    let bench = Bench::new();
    bench.dockerfile("FROM busybox\nCOPY . /all\nRUN echo a > /a; sleep 1\nRUN cat /a\n");
    let start = |client: knarr_e2e::Client, tag: &str| {
        let mut command = client.command(&["build", "-t", tag, &bench.context()]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let builds = [start(bench.host.knarr(), "one"), start(bench.host.docker(), "two")];
    for build in builds {
        let output = build.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    for image in ["one", "two"] {
        assert_eq!(bench.host.knarr().ok(&["run", "--rm", "--network=none", image, "cat", "/a"]).unwrap(), "a");
    }
    bench.nothing_half_made();
    bench.host.finish().unwrap();
}

/// A daemon whose data root is a file system of 64 MiB.
#[test]
fn a_full_disk() {
    let disk = Disk::new(64).unwrap();
    let host = Host::start_on(&disk.path().join("knarr")).unwrap();
    import_busybox(&host.knarr(), "busybox").unwrap();
    let context = host.path().join("context");
    fs::create_dir(&context).unwrap();
    let bench = Bench { host, context };

    bench.dockerfile("FROM busybox\nRUN dd if=/dev/zero of=/big bs=1M count=100\n");
    let said = bench.fails(&[&bench.context()]);
    assert!(said.contains("No space left on device") && said.contains("returned a non-zero code: 1"), "{said}");
    bench.nothing_half_made();

    let big = bench.context.join("big");
    run(&["truncate", "-s", "30M", &big.to_string_lossy()]);
    fs::write(&big, vec![7; 30 << 20]).unwrap();
    bench.dockerfile("FROM busybox\nCOPY big /\n");
    let said = bench.fails(&[&bench.context()]);
    assert!(said.contains("No space left on device"), "{said}");
    bench.nothing_half_made();

    fs::write(&big, vec![7; 100 << 20]).unwrap();
    let said = bench.fails(&[&bench.context()]);
    assert!(said.contains("No space left on device"), "{said}");
    fs::remove_file(&big).unwrap();
    bench.nothing_half_made();

    let script = "cd \"$0\" && truncate -s 300M bomb && tar -cz bomb; rm bomb";
    let bomb = Command::new("sh").args(["-c", script]).arg(&bench.context).output().unwrap().stdout;
    let (built, said) = bench.piped(&bomb);
    assert!(!built && said.contains("No space left on device"), "{said}");
    bench.nothing_half_made();

    bench.dockerfile("FROM busybox\nRUN echo fits > /fits\n");
    bench.build();
    bench.host.finish().unwrap();
}

#[test]
fn hostile_archives_stay_inside() {
    let bench = Bench::new();
    let outside = bench.host.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("canary"), "whole").unwrap();
    let shown = outside.to_string_lossy().into_owned();
    let script = format!(
        "cd \"$0\"; echo 'FROM busybox' > Dockerfile; echo pwned > canary; ln -s {shown} link; mkdir x; \
         tar -cf ../dots.tar Dockerfile; tar -rf ../dots.tar -P --transform 's,^canary,../outside/canary,' canary; \
         tar -cf ../absolute.tar Dockerfile; tar -rf ../absolute.tar -P --transform 's,^canary,{shown}/canary,' canary; \
         tar -cf ../link.tar Dockerfile link; tar -rf ../link.tar --transform 's,^canary,link/canary,' canary; \
         tar -cf ../dockerfile.tar --transform 's,^link,Dockerfile,' link; cd ..; rm -r \"$0\"/*"
    );
    run(&["sh", "-c", &script, &bench.context()]);
    for name in ["dots", "absolute", "link", "dockerfile"] {
        let (_, said) = bench.piped(&fs::read(bench.host.path().join(format!("{name}.tar"))).unwrap());
        assert_eq!(fs::read_to_string(outside.join("canary")).unwrap(), "whole", "{name}: {said}");
        assert_eq!(names(&outside), ["canary"], "{name}: {said}");
        bench.nothing_half_made();
    }
    let (built, said) = bench.piped(b"not an archive and not a Dockerfile either");
    assert!(!built && said.contains("Dockerfile:1:1: unknown instruction: not"), "{said}");
    bench.host.finish().unwrap();
}

#[test]
fn sources_that_are_no_files() {
    let bench = Bench::new();
    run(&["mkfifo", &bench.context.join("pipe").to_string_lossy()]);
    run(&["mknod", &bench.context.join("zero").to_string_lossy(), "c", "1", "5"]);
    fs::write(bench.context.join("file"), "text").unwrap();
    for name in ["pipe", "zero"] {
        bench.dockerfile(&format!("FROM busybox\nCOPY {name} /x\n"));
        let said = bench.fails(&[&bench.context()]);
        assert!(
            said.contains(&format!("Dockerfile:2:1: COPY failed: {name} is a device, a socket or a pipe")),
            "{said}"
        );
    }
    bench.dockerfile("FROM busybox\nCOPY . /all\nRUN ls /all\n");
    let said = bench.build();
    assert!(
        said.contains("2 devices, sockets and pipes are not copied") && said.contains("\nDockerfile\nfile\n"),
        "{said}"
    );
    bench.dockerfile("FROM busybox AS a\nRUN mkfifo /pipe && ln -s /proc/kcore /kcore && ln -s /dev/zero /zero\nFROM busybox\nCOPY --from=a /pipe /x\n");
    assert!(bench.fails(&[&bench.context()]).contains("/pipe is a device, a socket or a pipe"));
    for link in ["kcore", "zero"] {
        bench.dockerfile(&format!("FROM busybox AS a\nRUN mkfifo /pipe && ln -s /proc/kcore /kcore && ln -s /dev/zero /zero\nFROM busybox\nCOPY --from=a /{link} /x\n"));
        assert!(bench.fails(&[&bench.context()]).contains("Dockerfile:4:1: COPY failed"), "{link}");
    }
    bench.nothing_half_made();
    bench.host.finish().unwrap();
}

#[test]
fn dockerfiles_outside_the_context_are_not_found() {
    let bench = Bench::new();
    fs::write(bench.host.path().join("Outside"), "FROM busybox\n").unwrap();
    symlink(bench.host.path().join("Outside"), bench.context.join("Link")).unwrap();
    bench.dockerfile("FROM busybox\n");
    let archive = Command::new("tar").args(["-C", &bench.context(), "-c", "."]).output().unwrap().stdout;
    for name in ["../Outside", "/../../Outside", "Link", "nowhere"] {
        let path = format!("/build?dockerfile={}", name.replace('/', "%2F"));
        let answer = post(&bench.host.socket(), &path, &archive);
        assert!(answer.contains("Cannot locate specified Dockerfile"), "{name}: {answer}");
    }
    bench.nothing_half_made();
    bench.host.finish().unwrap();
}

#[test]
fn what_this_builder_lacks_is_named() {
    let bench = Bench::new();
    bench.dockerfile("FROM busybox\n");
    let refused = [(&["--squash"][..], "squash"), (&["--secret", "id=x"], "secret"), (&["--ssh", "default"], "ssh")];
    for (flags, name) in refused {
        let said = bench.fails(&[flags, &[&bench.context()]].concat());
        assert!(said.contains(name), "{flags:?}: {said}");
    }
    for (query, text) in [("version=2", "BuildKit is not supported"), ("squash=1", "squashing layers is not supported")]
    {
        let answer = post(&bench.host.socket(), &format!("/build?{query}"), b"");
        assert!(answer.contains(text), "{answer}");
    }
    for flag in ["--mount=type=cache,target=/c", "--mount=type=secret,id=s", "--security=insecure"] {
        bench.dockerfile(&format!("FROM busybox\nRUN {flag} true\n"));
        let said = bench.fails(&[&bench.context()]);
        let name = flag.split(',').next().unwrap();
        assert!(said.contains(&format!("Dockerfile:2:5: RUN {name} is not supported by this builder")), "{said}");
    }
    bench.host.finish().unwrap();
}

fn post(socket: &Path, path: &str, body: &[u8]) -> String {
    let mut stream = std::os::unix::net::UnixStream::connect(socket).unwrap();
    let length = body.len();
    write!(stream, "POST {path} HTTP/1.1\r\nHost: d\r\nConnection: close\r\nContent-Type: application/x-tar\r\nContent-Length: {length}\r\n\r\n").unwrap();
    stream.write_all(body).unwrap();
    std::io::read_to_string(stream).unwrap()
}
