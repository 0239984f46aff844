//! `process.args`: which program, in which words it is refused.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use knarr_runtime_cases::{Bundle, Runtime, cases};
use serde_json::json;

cases! {
    a_name_is_looked_for_in_path: ["config/args"],
    path_is_searched_in_order: ["config/args"],
    a_path_is_used_as_it_is: ["config/args"],
    a_relative_path_is_relative_to_cwd: ["config/args"],
    arguments_arrive_whole: ["config/args"],
    none_is_refused: ["config/args"],
    a_missing_program_is_refused: ["config/args", "runtime/errors"],
    a_folder_is_refused: ["config/args"],
    a_file_that_may_not_be_executed_is_refused: ["config/args"],
    a_file_that_the_kernel_cannot_execute_is_refused: ["config/args"],
    a_file_that_only_others_may_execute_is_refused: ["config/args"],
    no_process_is_refused: ["config/process"],
    a_script_runs: ["config/args"],
}

fn refused(bundle: &Bundle<'_>, words: &str) {
    let said = bundle.cannot_run();
    assert!(said.contains(words), "{said}");
}

fn a_name_is_looked_for_in_path(runtime: &Runtime) {
    assert_eq!(runtime.program(&["echo", "found"]).output(), "found\n");
}

fn path_is_searched_in_order(runtime: &Runtime) {
    let mut bundle = runtime.program(&["tool"]);
    for (folder, mode) in [("first", 0o644), ("second", 0o755), ("third", 0o755)] {
        bundle.folder(&format!("rootfs/{folder}"));
        let file = bundle.write(&format!("rootfs/{folder}/tool"), &format!("#!/bin/sh\necho {folder}\n"));
        fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
    }
    bundle.set("/process/env/0", "PATH=/nowhere:/first:/second:/third:/bin");
    assert_eq!(bundle.output(), "second\n");
}

fn a_path_is_used_as_it_is(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/echo", "found"]);
    bundle.set("/process/env", json!([]));
    assert_eq!(bundle.output(), "found\n");
}

fn a_relative_path_is_relative_to_cwd(runtime: &Runtime) {
    let mut bundle = runtime.program(&["./bin/echo", "found"]);
    assert_eq!(bundle.output(), "found\n");
    bundle.set("/process/cwd", "/bin");
    bundle.set("/process/args", json!(["./echo", "found"]));
    assert_eq!(bundle.output(), "found\n");
}

fn arguments_arrive_whole(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/printf", "[%s]", "", " a b ", "\"'$HOME", "ä\n"]);
    assert_eq!(bundle.output(), "[][ a b ][\"'$HOME][ä\n]");
}

fn none_is_refused(runtime: &Runtime) {
    let bundle = runtime.program(&[]);
    bundle.cannot_run();
}

fn a_missing_program_is_refused(runtime: &Runtime) {
    refused(&runtime.program(&["nope"]), "exec: \"nope\": executable file not found in $PATH");
    refused(&runtime.program(&["/no/such"]), "exec: \"/no/such\": stat /no/such: no such file or directory");
}

fn a_folder_is_refused(runtime: &Runtime) {
    let said = runtime.program(&["/etc"]).cannot_run();
    assert!(said.contains("exec: \"/etc\": ") || said.contains("/etc: permission denied"), "{said}");
}

fn a_file_that_may_not_be_executed_is_refused(runtime: &Runtime) {
    refused(&runtime.program(&["/etc/data"]), "exec: \"/etc/data\": permission denied");
}

fn a_file_that_the_kernel_cannot_execute_is_refused(runtime: &Runtime) {
    let bundle = runtime.program(&["/etc/data"]);
    fs::set_permissions(bundle.rootfs().join("etc/data"), Permissions::from_mode(0o755)).unwrap();
    refused(&bundle, "exec format error");
}

fn a_file_that_only_others_may_execute_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/etc/data"]);
    fs::set_permissions(bundle.rootfs().join("etc/data"), Permissions::from_mode(0o744)).unwrap();
    bundle.set("/process/user", json!({ "uid": 1000, "gid": 1000 }));
    refused(&bundle, "permission denied");
}

fn no_process_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.remove("/process");
    bundle.cannot_run();
}

fn a_script_runs(runtime: &Runtime) {
    let bundle = runtime.program(&["/etc/script", "word"]);
    let file = bundle.write("rootfs/etc/script", "#!/bin/sh\necho $0 $1\n");
    fs::set_permissions(file, Permissions::from_mode(0o755)).unwrap();
    assert_eq!(bundle.output(), "/etc/script word\n");
}
