//! The command line needs the daemon's socket, and none of the daemon's files.

use std::process::{Command, Stdio};

use knarr_e2e::Host;
use knarr_e2e::walk::import_busybox;

#[test]
fn every_verb_works_without_the_daemons_folders() {
    let host = Host::start().unwrap();
    import_busybox(&host.knarr(), "busybox").unwrap();
    let context = host.path().join("context");
    std::fs::create_dir(&context).unwrap();
    std::fs::write(context.join("Dockerfile"), "FROM busybox\nRUN echo built > /made\n").unwrap();
    let context = context.to_string_lossy().into_owned();
    let archive = host.path().join("image.tar").to_string_lossy().into_owned();
    let files = host.path().join("files.tar").to_string_lossy().into_owned();
    for words in [
        &["build", "-t", "web", &context][..],
        &["run", "-d", "--name", "web", "-v", "data:/data", "-p", "127.0.0.1:0:80", "web", "sleep", "1000"],
        &["exec", "web", "cat", "/made"],
        &["cp", &format!("{context}/Dockerfile"), "web:/data/"],
        &["cp", "web:/data/Dockerfile", "-"],
        &["logs", "web"],
        &["top", "web"],
        &["diff", "web"],
        &["inspect", "-s", "web"],
        &["stats", "--no-stream", "web"],
        &["commit", "web", "changed"],
        &["save", "-o", &archive, "changed"],
        &["rmi", "changed"],
        &["load", "-i", &archive],
        &["export", "-o", &files, "web"],
        &["import", &files, "flat"],
        &["system", "df", "-v"],
        &["volume", "inspect", "data"],
        &["rm", "-fv", "web"],
    ] {
        let output = apart(&host, words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {said}");
    }
    host.finish().unwrap();
}

/// Our command line where the daemon's folders are empty.
fn apart(host: &Host, words: &[&str]) -> Command {
    let inner = host.knarr().command(words);
    let script = "mount -t tmpfs none \"$1\" && mount -t tmpfs none \"$2\" && shift 2 && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script, "sh"]).arg(host.data_root()).arg(host.path().join("run"));
    command.arg(inner.get_program()).args(inner.get_args()).stdin(Stdio::null());
    command.env("DOCKER_CONFIG", host.path().join("client"));
    command
}
