//! A root that is a stack of layers.

mod support;

use std::fs;

use knarr_model::Snapshot;
use knarr_runtime_cases::{Bundle, make_root};
use support::ours;

fn stack(bundle: &Bundle<'_>, writable: bool) -> String {
    let folder = bundle.path();
    for name in ["base", "top", "upper", "work"] {
        fs::create_dir(folder.join(name)).unwrap();
    }
    make_root(&folder.join("base"));
    fs::write(folder.join("top/from-top"), "top\n").unwrap();
    let upper = writable.then(|| (folder.join("upper"), folder.join("work")));
    let snapshot = Snapshot { lowers: vec![folder.join("top"), folder.join("base")], upper };
    let file = folder.join("rootfs.json");
    fs::write(&file, serde_json::to_vec(&snapshot).unwrap()).unwrap();
    file.display().to_string()
}

#[test]
fn layers_are_one_root_and_writes_go_to_the_upper_one() {
    let bundle = ours().shell("cat /from-top; echo changed > /etc/passwd; echo x > /new");
    let file = stack(&bundle, true);
    let path = bundle.path().to_str().unwrap();
    let output = bundle.ok(&["run", "--bundle", path, "--rootfs-snapshot", &file, bundle.id()]);
    assert_eq!(output, "top\n");
    assert_eq!(fs::read_to_string(bundle.path().join("upper/etc/passwd")).unwrap(), "changed\n");
    assert_eq!(fs::read_to_string(bundle.path().join("upper/new")).unwrap(), "x\n");
    assert!(fs::read_to_string(bundle.path().join("base/etc/passwd")).unwrap().starts_with("root"));
    bundle.assert_nothing_left();
}

#[test]
fn the_host_never_sees_the_mount_and_it_goes_with_the_last_process() {
    let bundle = ours().program(&["/bin/sleep", "1000"]);
    let file = stack(&bundle, true);
    let path = bundle.path().to_str().unwrap().to_owned();
    bundle.ok(&["run", "-d", "--bundle", &path, "--rootfs-snapshot", &file, bundle.id()]);
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!table.contains(&path), "{table}");
    assert_eq!(bundle.exec_shell("cat /from-top"), "top\n");
}

#[test]
fn in_a_user_namespace_the_layers_belong_to_its_root() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    let mut bundle =
        ours().shell("stat -c %u:%g /from-top /etc/passwd /proc/self/; echo x > /new; echo y >> /etc/passwd");
    let file = stack(&bundle, true);
    fs::set_permissions(bundle.path(), fs::Permissions::from_mode(0o755)).unwrap();
    chown(bundle.path().join("upper"), Some(300_000), Some(300_000)).unwrap();
    let map = serde_json::json!([{ "containerID": 0, "hostID": 300_000, "size": 65_536 }]);
    bundle.namespace("user", None);
    bundle.set("/linux/uidMappings", map.clone());
    bundle.set("/linux/gidMappings", map);
    let path = bundle.path().to_str().unwrap();
    let output = bundle.ok(&["run", "--bundle", path, "--rootfs-snapshot", &file, bundle.id()]);
    assert_eq!(output, "0:0\n0:0\n0:0\n");
    assert_eq!(fs::metadata(bundle.path().join("upper/new")).unwrap().uid(), 300_000);
    assert_eq!(fs::metadata(bundle.path().join("upper/etc/passwd")).unwrap().uid(), 300_000);
    assert_eq!(fs::metadata(bundle.path().join("base/etc/passwd")).unwrap().uid(), 0);
}

#[test]
fn a_snapshot_that_cannot_be_mounted_leaves_nothing() {
    let bundle = ours().program(&["/bin/true"]);
    let file = stack(&bundle, true);
    fs::remove_dir_all(bundle.path().join("top")).unwrap();
    let path = bundle.path().to_str().unwrap();
    let text = bundle.refused(&["run", "--bundle", path, "--rootfs-snapshot", &file, bundle.id()]);
    assert!(text.contains("/top"), "{text}");
    bundle.assert_nothing_left();
}
