//! `SCMP_ACT_NOTIFY`: a listener gets the descriptor for the filter's questions, and is told who asks.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::thread::JoinHandle;

use knarr_runtime_cases::{Bundle, Runtime, cases, receive};
use serde_json::{Value, json};

cases! {
    the_listener_is_told_of_the_first_process: ["linux/seccomp-listener"],
    the_listener_is_told_of_a_joining_process: ["linux/seccomp-listener"],
    a_created_container_is_asked_about_already: ["linux/seccomp-listener"],
    without_a_listener_nothing_starts: ["linux/seccomp-listener"],
    a_listener_that_is_not_there_is_an_error: ["linux/seccomp-listener"],
    not_everything_can_be_asked: ["linux/seccomp-listener"],
}

/// A container whose mkdir is asked about.
fn asked<'r>(runtime: &'r Runtime, script: &str) -> Bundle<'r> {
    let mut bundle = runtime.shell(script);
    let listener = bundle.file("listener");
    bundle.set(
        "/linux/seccomp",
        json!({
            "defaultAction": "SCMP_ACT_ALLOW",
            "architectures": ["SCMP_ARCH_X86_64"],
            "listenerPath": listener,
            "listenerMetadata": "who asks",
            "syscalls": [{ "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_NOTIFY" }],
        }),
    );
    bundle
}

/// Takes one descriptor with what is told of it. Nobody answers its questions: once it is closed, the kernel says that
/// there is no such call.
fn listen(bundle: &Bundle<'_>) -> JoinHandle<(Value, OwnedFd)> {
    let listener = UnixListener::bind(bundle.file("listener")).unwrap();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let (told, descriptor) = receive(&stream);
        (serde_json::from_slice(&told).unwrap(), descriptor)
    })
}

fn is_notification(descriptor: &OwnedFd) -> bool {
    use std::os::fd::AsRawFd;
    let link = std::fs::read_link(format!("/proc/self/fd/{}", descriptor.as_raw_fd())).unwrap();
    link.to_string_lossy().contains("seccomp notify")
}

fn the_listener_is_told_of_the_first_process(runtime: &Runtime) {
    let bundle = asked(runtime, "mkdir /tmp/x 2>&1; echo done");
    let listener = listen(&bundle);
    let run = bundle.spawn();
    let (told, descriptor) = listener.join().unwrap();
    assert!(is_notification(&descriptor));
    assert_eq!(told["fds"], json!(["seccompFd"]));
    assert_eq!(told["metadata"], "who asks");
    assert_eq!(told["state"]["id"], bundle.id());
    assert!(told["pid"].as_i64().unwrap() > 1);
    drop(descriptor);
    let output = run.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("not implemented") && text.ends_with("done\n"), "{text}");
}

fn the_listener_is_told_of_a_joining_process(runtime: &Runtime) {
    let mut bundle = asked(runtime, "sleep 1000");
    bundle.set("/process/args", json!(["/bin/sleep", "1000"]));
    let listener = listen(&bundle);
    bundle.start();
    let (first, _kept) = listener.join().unwrap();
    std::fs::remove_file(bundle.file("listener")).unwrap();
    let listener = listen(&bundle);
    let exec = bundle.exec(&["/bin/true"]);
    let (told, descriptor) = listener.join().unwrap();
    exec.ok();
    assert!(is_notification(&descriptor));
    assert_ne!(told["pid"], first["pid"]);
    assert_eq!(told["state"]["pid"], first["pid"]);
}

fn a_created_container_is_asked_about_already(runtime: &Runtime) {
    let bundle = asked(runtime, "echo begun");
    let listener = listen(&bundle);
    bundle.create();
    let (told, descriptor) = listener.join().unwrap();
    assert!(is_notification(&descriptor));
    assert_eq!(told["state"]["id"], bundle.id());
}

fn without_a_listener_nothing_starts(runtime: &Runtime) {
    let mut bundle = asked(runtime, "true");
    bundle.remove("/linux/seccomp/listenerPath");
    bundle.remove("/linux/seccomp/listenerMetadata");
    bundle.cannot_run();
}

fn a_listener_that_is_not_there_is_an_error(runtime: &Runtime) {
    asked(runtime, "true").cannot_run();
}

fn not_everything_can_be_asked(runtime: &Runtime) {
    let mut bundle = asked(runtime, "true");
    bundle.set("/linux/seccomp/defaultAction", json!("SCMP_ACT_NOTIFY"));
    bundle.cannot_run();
}
