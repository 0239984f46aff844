//! `process.cwd`.

use knarr_runtime_cases::{Runtime, cases};

cases! {
    is_the_working_directory: ["config/cwd"],
    is_made_where_it_is_missing: ["config/cwd"],
    a_relative_one_is_refused: ["config/cwd"],
    a_file_is_refused: ["config/cwd"],
    may_be_behind_a_link: ["config/cwd"],
    may_be_a_mount: ["config/cwd"],
    one_that_only_the_user_may_enter_works: ["config/cwd"],
}

fn is_the_working_directory(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/pwd"]);
    bundle.set("/process/cwd", "/etc");
    assert_eq!(bundle.output(), "/etc\n");
}

fn is_made_where_it_is_missing(runtime: &Runtime) {
    let mut bundle = runtime.shell("pwd; stat -c %a:%u .");
    bundle.set("/process/cwd", "/made/on/the/way");
    assert_eq!(bundle.output(), "/made/on/the/way\n755:0\n");
}

fn a_relative_one_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/pwd"]);
    for cwd in ["relative", ""] {
        bundle.set("/process/cwd", cwd);
        bundle.cannot_run();
    }
}

fn a_file_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/pwd"]);
    bundle.set("/process/cwd", "/etc/passwd");
    let said = bundle.cannot_run();
    assert!(said.contains("not a directory"), "{said}");
}

fn may_be_behind_a_link(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/readlink", "/proc/self/cwd"]);
    std::os::unix::fs::symlink("/etc", bundle.rootfs().join("link")).unwrap();
    bundle.set("/process/cwd", "/link");
    assert_eq!(bundle.output(), "/etc\n");
}

fn may_be_a_mount(runtime: &Runtime) {
    let mut bundle = runtime.shell("pwd; ls");
    let source = bundle.folder("source");
    bundle.write("source/file", "");
    bundle.mount("/data", "bind", &source, &["bind"]);
    bundle.set("/process/cwd", "/data");
    assert_eq!(bundle.output(), "/data\nfile\n");
}

fn one_that_only_the_user_may_enter_works(runtime: &Runtime) {
    use std::os::unix::fs::{PermissionsExt, chown};
    let mut bundle = runtime.program(&["/bin/pwd"]);
    let home = bundle.rootfs().join("home/alice");
    std::fs::set_permissions(&home, std::fs::Permissions::from_mode(0o700)).unwrap();
    chown(&home, Some(1000), Some(1000)).unwrap();
    bundle.set("/process/user/uid", 1000);
    bundle.set("/process/cwd", "/home/alice");
    assert_eq!(bundle.output(), "/home/alice\n");
}
