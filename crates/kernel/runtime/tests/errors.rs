//! What cannot start: the words that users know, in the log too, and nothing left.

mod support;

use support::Bundle;

fn says(bundle: &Bundle, words: &str) {
    let text = bundle.refused(&["run", "--bundle", bundle.path().to_str().unwrap(), bundle.id()]);
    assert!(text.contains(words), "{text}");
    let log = std::fs::read_to_string(bundle.log()).unwrap();
    let line: serde_json::Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!(line["level"], "error");
    assert!(line["msg"].as_str().unwrap().contains(words), "{line}");
    bundle.assert_nothing_left();
}

#[test]
fn a_program_that_is_not_there() {
    says(
        &Bundle::program(&["nope"]),
        "unable to start container process: exec: \"nope\": executable file not found in $PATH",
    );
    says(&Bundle::program(&["/no/such"]), "exec: \"/no/such\": stat /no/such: no such file or directory");
}

#[test]
fn a_program_that_is_none() {
    says(&Bundle::program(&["/etc"]), "exec: \"/etc\": is a directory");
    says(&Bundle::program(&["/etc/data"]), "exec: \"/etc/data\": permission denied");
}

#[test]
fn a_file_that_the_kernel_cannot_execute() {
    use std::os::unix::fs::PermissionsExt;
    let bundle = Bundle::program(&["/etc/data"]);
    let file = bundle.rootfs().join("etc/data");
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
    says(&bundle, "exec /etc/data: exec format error");
}

#[test]
fn a_missing_bind_source_and_a_wrong_file_system() {
    let mount = |source: &str, kind: &str, option: &str| knarr_spec::Mount {
        destination: "/mnt".into(),
        kind: kind.into(),
        source: source.into(),
        options: vec![option.into()],
        ..Default::default()
    };
    let mut bundle = Bundle::program(&["/bin/true"]);
    bundle.spec.mounts.push(mount("/no/such/source", "bind", "rbind"));
    says(&bundle, "/no/such/source");
    let mut bundle = Bundle::program(&["/bin/true"]);
    bundle.spec.mounts.push(mount("x", "nofs", "rw"));
    says(&bundle, "error mounting \"nofs\" to rootfs at \"/mnt\"");
    let mut bundle = Bundle::program(&["/bin/true"]);
    bundle.spec.mounts.push(mount("tmpfs", "tmpfs", "size=rubbish"));
    says(&bundle, "size");
}

#[test]
fn an_id_that_is_taken_or_is_a_path() {
    let bundle = Bundle::program(&["/bin/sleep", "1000"]);
    bundle.start();
    let text = bundle.refused(&["run", "--bundle", bundle.path().to_str().unwrap(), bundle.id()]);
    assert!(text.contains("already exists"), "{text}");
    for id in ["../x", "a/b", "..", ""] {
        let text = bundle.refused(&["run", "--bundle", bundle.path().to_str().unwrap(), id]);
        assert!(text.contains("invalid container ID"), "{text}");
    }
    assert_eq!(bundle.state().status, knarr_spec::Status::Running);
}

#[test]
fn a_cgroup_path_cannot_leave() {
    let mut bundle = Bundle::program(&["/bin/true"]);
    bundle.linux().cgroups_path = "/knarr-test/../../x".into();
    says(&bundle, "cgroup path");
}

#[test]
fn unknown_verbs_flags_and_containers() {
    let bundle = Bundle::program(&["/bin/true"]);
    assert!(bundle.refused(&["dance"]).contains("dance"));
    assert!(bundle.refused(&["run", "--nope", "x"]).contains("--nope"));
    assert!(bundle.refused(&["restore", "x"]).contains("not supported"));
    for verb in ["state", "start", "kill", "delete", "pause", "resume", "ps", "update"] {
        let text = bundle.refused(&[verb, "unknown"]);
        assert!(text.contains("container does not exist: unknown"), "{verb}: {text}");
    }
}
