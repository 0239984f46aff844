//! `linux.devices`, and those that every container has.

use std::os::unix::fs::symlink;

use knarr_runtime_cases::{Runtime, cases};
use serde_json::json;

cases! {
    the_default_ones_are_there: ["linux/default-devices"],
    the_default_ones_work: ["linux/default-devices"],
    links_below_dev_are_there: ["linux/dev-links"],
    ptmx_is_that_of_the_container: ["linux/default-devices"],
    no_console_without_a_terminal: ["linux/default-devices"],
    nothing_else_is_below_dev: ["linux/default-devices"],
    a_character_device_has_its_mode_and_owner: ["linux/devices"],
    a_block_device_is_made: ["linux/devices"],
    a_pipe_is_made: ["linux/devices"],
    an_unbuffered_device_is_a_character_device: ["linux/devices"],
    one_may_be_outside_of_dev: ["linux/devices"],
    folders_above_are_made: ["linux/devices"],
    the_mode_is_666_by_default: ["linux/devices"] Ours("runc and crun give 000"),
    the_same_number_twice_is_no_failure: ["linux/devices"],
    another_file_at_its_place_is_refused: ["linux/devices-exist"] Ours("runc 1.1 and Debian's crun keep the file"),
    the_same_device_at_its_place_is_kept: ["linux/devices-exist"],
    an_unknown_type_is_refused: ["linux/devices", "config/valid-values"],
    a_default_one_can_be_given_again: ["linux/devices"] Ours("runc 1.1 then forbids to open it"),
    a_bound_dev_stays_the_hosts: ["linux/default-devices"],
    a_read_only_dev_has_its_devices: ["linux/default-devices"],
    exec_sees_them: ["linux/devices"],
}

fn the_default_ones_are_there(runtime: &Runtime) {
    let script = "for n in null zero full random urandom tty; do stat -c '%n %t:%T %a %u:%g %F' /dev/$n; done";
    let expected: String = [("null", "1:3"), ("zero", "1:5"), ("full", "1:7"), ("random", "1:8"), ("urandom", "1:9"), ("tty", "5:0")]
        .map(|(name, number)| format!("/dev/{name} {number} 666 0:0 character special file\n"))
        .concat();
    assert_eq!(runtime.shell(script).output(), expected);
}

fn the_default_ones_work(runtime: &Runtime) {
    let script = "echo x > /dev/null; head -c 3 /dev/zero | wc -c; head -c 3 /dev/urandom | wc -c; head -c 3 /dev/random | wc -c; \
                  echo x 2>/dev/null > /dev/full || echo full";
    assert_eq!(runtime.shell(script).output(), "3\n3\n3\nfull\n");
}

fn links_below_dev_are_there(runtime: &Runtime) {
    let script = "for n in fd stdin stdout stderr; do readlink /dev/$n; done";
    let expected = "/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\n";
    assert_eq!(runtime.shell(script).output(), expected);
}

fn ptmx_is_that_of_the_container(runtime: &Runtime) {
    let script = "test $(stat -L -c %d:%i /dev/ptmx) = $(stat -c %d:%i /dev/pts/ptmx) && echo same";
    assert_eq!(runtime.shell(script).output(), "same\n");
}

fn no_console_without_a_terminal(runtime: &Runtime) {
    assert_eq!(runtime.shell("test -e /dev/console || echo none").output(), "none\n");
}

fn nothing_else_is_below_dev(runtime: &Runtime) {
    let known = "fd\nfull\nmqueue\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n";
    assert_eq!(runtime.shell("ls /dev | grep -v core").output(), known);
}

fn a_character_device_has_its_mode_and_owner(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/stat", "-c", "%t:%T %a %u:%g", "/dev/thing"]);
    let device = json!({ "path": "/dev/thing", "type": "c", "major": 1, "minor": 7, "fileMode": 0o640, "uid": 3, "gid": 4 });
    bundle.set("/linux/devices", json!([device]));
    assert_eq!(bundle.output(), "1:7 640 3:4\n");
}

fn a_block_device_is_made(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/stat", "-c", "%F %t:%T %a", "/dev/disk"]);
    let device = json!({ "path": "/dev/disk", "type": "b", "major": 7, "minor": 200, "fileMode": 0o600, "uid": 0, "gid": 0 });
    bundle.set("/linux/devices", json!([device]));
    assert_eq!(bundle.output(), "block special file 7:c8 600\n");
}

fn a_pipe_is_made(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/stat", "-c", "%F %a", "/dev/pipe"]);
    bundle.set("/linux/devices", json!([{ "path": "/dev/pipe", "type": "p", "fileMode": 0o600, "uid": 0, "gid": 0 }]));
    assert_eq!(bundle.output(), "fifo 600\n");
}

fn an_unbuffered_device_is_a_character_device(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/stat", "-c", "%F %t:%T", "/dev/thing"]);
    let device = json!({ "path": "/dev/thing", "type": "u", "major": 1, "minor": 3, "fileMode": 0o600, "uid": 0, "gid": 0 });
    bundle.set("/linux/devices", json!([device]));
    assert_eq!(bundle.output(), "character special file 1:3\n");
}

fn one_may_be_outside_of_dev(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/stat", "-c", "%t:%T", "/etc/null"]);
    let device = json!({ "path": "/etc/null", "type": "c", "major": 1, "minor": 3, "fileMode": 0o666, "uid": 0, "gid": 0 });
    bundle.set("/linux/devices", json!([device]));
    assert_eq!(bundle.output(), "1:3\n");
}

fn folders_above_are_made(runtime: &Runtime) {
    let mut bundle = runtime.shell("stat -c %t:%T /dev/a/b/c; stat -c %a /dev/a");
    let device = json!({ "path": "/dev/a/b/c", "type": "c", "major": 1, "minor": 3, "fileMode": 0o666, "uid": 0, "gid": 0 });
    bundle.set("/linux/devices", json!([device]));
    assert_eq!(bundle.output(), "1:3\n755\n");
}

fn the_mode_is_666_by_default(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/stat", "-c", "%a %u:%g", "/dev/thing"]);
    bundle.set("/linux/devices", json!([{ "path": "/dev/thing", "type": "c", "major": 1, "minor": 7 }]));
    assert_eq!(bundle.output(), "666 0:0\n");
}

fn the_same_number_twice_is_no_failure(runtime: &Runtime) {
    let mut bundle = runtime.shell("stat -c %t:%T /dev/one /dev/two");
    for path in ["/dev/one", "/dev/two"] {
        let device = json!({ "path": path, "type": "c", "major": 1, "minor": 5, "fileMode": 0o666, "uid": 0, "gid": 0 });
        bundle.push("/linux/devices", device);
    }
    assert_eq!(bundle.output(), "1:5\n1:5\n");
}

fn another_file_at_its_place_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    for kind in ["c", "b", "p"] {
        bundle.set("/linux/devices", json!([{ "path": "/etc/data", "type": kind, "major": 1, "minor": 3 }]));
        bundle.cannot_run();
    }
    assert_eq!(bundle.read("rootfs/etc/data"), "not a program");
}

fn the_same_device_at_its_place_is_kept(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/stat", "-c", "%t:%T", "/etc/null"]);
    let device = json!({ "path": "/etc/null", "type": "c", "major": 1, "minor": 3, "fileMode": 0o666, "uid": 0, "gid": 0 });
    bundle.set("/linux/devices", json!([device]));
    assert_eq!(bundle.output(), "1:3\n");
    assert_eq!(bundle.output(), "1:3\n");
}

fn an_unknown_type_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/linux/devices", json!([{ "path": "/dev/x", "type": "x", "major": 1, "minor": 3 }]));
    bundle.cannot_run();
}

fn a_default_one_can_be_given_again(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/stat", "-c", "%t:%T", "/dev/null"]);
    let device = json!({ "path": "/dev/null", "type": "c", "major": 1, "minor": 3, "fileMode": 0o666, "uid": 0, "gid": 0 });
    bundle.set("/linux/devices", json!([device]));
    assert_eq!(bundle.output(), "1:3\n");
}

fn a_bound_dev_stays_the_hosts(runtime: &Runtime) {
    let mut bundle = runtime.shell("ls /dev");
    let own = bundle.folder("own-dev");
    let null = rustix::fs::makedev(1, 3);
    let mode = rustix::fs::Mode::from_raw_mode(0o666);
    rustix::fs::mknodat(rustix::fs::CWD, bundle.file("own-dev/null"), rustix::fs::FileType::CharacterDevice, mode, null).unwrap();
    bundle.retain("/mounts", |mount| !mount["destination"].as_str().unwrap().starts_with("/dev"));
    bundle.mount("/dev", "bind", &own, &["rbind"]);
    assert_eq!(bundle.output(), "null\n");
}

fn a_read_only_dev_has_its_devices(runtime: &Runtime) {
    let mut bundle = runtime.shell("test -c /dev/null && echo there; touch /dev/x 2>/dev/null || echo refused");
    bundle.retain("/mounts", |mount| !mount["destination"].as_str().unwrap().starts_with("/dev"));
    bundle.mount("/dev", "tmpfs", "tmpfs", &["nosuid", "mode=755", "ro"]);
    assert_eq!(bundle.output(), "there\nrefused\n");
}

fn exec_sees_them(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    let device = json!({ "path": "/dev/thing", "type": "c", "major": 1, "minor": 7, "fileMode": 0o666, "uid": 0, "gid": 0 });
    bundle.set("/linux/devices", json!([device]));
    bundle.start();
    assert_eq!(bundle.exec_shell("stat -c %t:%T /dev/thing"), "1:7\n");
    assert!(symlink("x", bundle.rootfs().join("dev/thing")).is_ok(), "the node is on a file system of the container");
}
