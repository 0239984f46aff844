//! Building, with our command line and with docker's classic builder.

use std::fs;
use std::path::PathBuf;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host};

struct Bench {
    host: Host,
    context: PathBuf,
}

impl Bench {
    fn new(files: &[(&str, &str)]) -> Self {
        let host = Host::start().unwrap();
        import_busybox(&host.knarr(), "busybox").unwrap();
        let context = host.path().join("context");
        for (name, text) in files {
            let path = context.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self { host, context }
    }

    fn build(&self, client: &Client, flags: &[&str]) -> String {
        let context = self.context.to_string_lossy().into_owned();
        client.ok(&[&["build", "-t", "built"], flags, &[&context]].concat()).unwrap()
    }

    fn run(&self, command: &[&str]) -> String {
        self.host.knarr().ok(&[&["run", "--rm", "built"], command].concat()).unwrap()
    }
}

#[test]
fn every_instruction_with_both_clients() {
    let dockerfile = r#"# a comment
ARG BASE=busybox
FROM $BASE AS first
ARG WHO=nobody
ENV A=1 B="two words" C=$WHO
RUN echo "$A $B $C" > /env
RUN <<EOF
set -e
echo heredoc > /heredoc
EOF
WORKDIR /work/deep
RUN pwd > ../pwd
COPY --chmod=640 --chown=12:34 file /copied
ADD files.tar /unpacked/
LABEL kind="test" more=1
SHELL ["/bin/sh", "-ec"]
USER nobody
FROM busybox
COPY --from=first /env /heredoc /work/pwd /copied /
COPY --from=first /unpacked /unpacked
COPY <<TEXT /inline
inline $HOME
TEXT
EXPOSE 80 53/udp
VOLUME /volume
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=5s CMD true
ONBUILD RUN echo onbuild > /onbuild
ENTRYPOINT ["/bin/sh", "-c"]
CMD ["cat /env /heredoc /pwd /inline; stat -c '%u:%g %a' /copied; cat /unpacked/in-tar"]
"#;
    let bench = Bench::new(&[("Dockerfile", dockerfile), ("file", "data\n"), ("in-tar", "from a tar\n")]);
    let tar = std::process::Command::new("tar")
        .current_dir(&bench.context)
        .args(["-cf", "files.tar", "in-tar"])
        .status()
        .unwrap();
    assert!(tar.success());
    for client in [bench.host.knarr(), bench.host.docker()] {
        bench.build(&client, &["--build-arg", "WHO=me", "--no-cache"]);
        let expected = "1 two words me\nheredoc\n/work/deep\ninline /root\n12:34 640\nfrom a tar";
        let shown = bench.run(&[]);
        assert!(shown == expected || shown == expected.replace("/root", ""), "{}: {shown}", client.name());
        let config = client.ok(&["image", "inspect", "-f", "{{json .Config}}", "built"]).unwrap();
        for part in ["\"80/tcp\"", "\"53/udp\"", "\"/volume\"", "SIGQUIT", "\"Healthcheck\"", "OnBuild"] {
            assert!(config.contains(part), "{part} is not in {config}");
        }
    }
    fs::write(bench.context.join("Dockerfile"), "FROM built\nRUN true\n").unwrap();
    bench.host.knarr().ok(&["build", "-t", "child", &bench.context.to_string_lossy()]).unwrap();
    let child = bench.host.knarr().ok(&["run", "--rm", "--entrypoint", "cat", "child", "/onbuild"]).unwrap();
    assert_eq!(child, "onbuild");
    bench.host.finish().unwrap();
}

#[test]
fn the_cache_is_right() {
    let dockerfile = "FROM busybox\nRUN head -c 8 /dev/urandom | hexdump > /first\nCOPY file /\nRUN head -c 8 /dev/urandom | hexdump > /second\n";
    let bench = Bench::new(&[("Dockerfile", dockerfile), ("file", "one")]);
    let knarr = bench.host.knarr();
    let look = || bench.run(&["cat", "/first", "/second"]);
    bench.build(&knarr, &[]);
    let before = look();
    let again = bench.build(&knarr, &[]);
    assert_eq!(again.matches("Using cache").count(), 3, "{again}");
    assert_eq!(look(), before);
    fs::write(bench.context.join("file"), "onE").unwrap();
    let changed = bench.build(&knarr, &[]);
    assert_eq!(changed.matches("Using cache").count(), 1, "one byte changed: {changed}");
    let after = look();
    assert_eq!(after.lines().next(), before.lines().next(), "what comes before the change was built again");
    assert_ne!(after, before, "what comes after the change was reused");
    bench.build(&knarr, &["--no-cache"]);
    assert_ne!(look().lines().next(), before.lines().next(), "--no-cache reused a layer");
    bench.host.finish().unwrap();
}

#[test]
fn targets_ignores_and_arguments() {
    let dockerfile = "ARG NAME=none\nFROM busybox AS one\nCOPY . /all\nRUN ls /all > /list\nFROM one AS two\nARG NAME\nRUN echo $NAME > /name\nFROM busybox\nRUN false\n";
    let bench = Bench::new(&[
        ("Dockerfile", dockerfile),
        (".dockerignore", "*.log\n!keep.log\nsecret/\n"),
        ("a.log", ""),
        ("keep.log", ""),
        ("secret/key", ""),
        ("plain", ""),
    ]);
    for client in [bench.host.knarr(), bench.host.docker()] {
        bench.build(&client, &["--target", "two", "--build-arg", "NAME=given", "--no-cache"]);
        assert_eq!(bench.run(&["cat", "/list", "/name"]), "Dockerfile\nkeep.log\nplain\ngiven", "{}", client.name());
    }
    bench.host.finish().unwrap();
}

#[test]
fn a_failed_build_leaves_nothing_half_made() {
    let bench = Bench::new(&[("Dockerfile", "FROM busybox\nRUN echo done > /done\nRUN exit 42\n")]);
    let knarr = bench.host.knarr();
    let context = bench.context.to_string_lossy().into_owned();
    let failed = knarr.fails(&["build", "-t", "never", &context]).unwrap();
    let said = failed.stdout + &failed.stderr;
    assert!(said.contains("The command '/bin/sh -c exit 42' returned a non-zero code: 42"), "{said}");
    assert_eq!(knarr.ok(&["ps", "-aq"]).unwrap(), "");
    assert_eq!(knarr.ok(&["images", "-q", "never"]).unwrap(), "");
    bench.host.finish().unwrap();
}
