//! Flaw row 1: the runtime rewritten through `/proc/self/exe` (CVE-2019-5736).
//!
//! Guard: `protect::read_only_executable`, which runs again from a detached read-only mount of itself. Seen to fail
//! without it: the descriptor opened for writing then succeeds.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use knarr_runtime_cases::{Runtime, cases};
use serde_json::json;

cases! {
    an_entrypoint_that_is_the_runtime_changes_nothing: ["flaw/1"],
    exec_of_the_runtime_changes_nothing: ["flaw/1"],
    a_process_of_ours_inside_is_on_a_read_only_mount: ["flaw/1"] Ours("by annotation our own init stays"),
    a_process_of_ours_inside_cannot_be_inspected: ["flaw/1", "flaw/3"] Ours("by annotation our own init stays"),
}

/// Size, time and sum of the runtime's program.
fn program(runtime: &Runtime) -> (u64, std::time::SystemTime, u64) {
    let command = runtime.command();
    let name = command.get_program().to_str().unwrap();
    let found = std::env::var("PATH").unwrap().split(':').map(|folder| format!("{folder}/{name}")).find(|path| fs::metadata(path).is_ok());
    let path = if name.contains('/') { name.to_owned() } else { found.unwrap() };
    let meta = fs::metadata(&path).unwrap();
    let sum = fs::read(&path).unwrap().iter().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add((*byte).into()));
    (meta.len(), meta.modified().unwrap(), sum)
}

/// Overwrites the file behind a descriptor that was opened through `/proc/<pid>/exe`, as soon as that is possible.
const OVERWRITE: &str = "#!/bin/sh\nfor n in $(seq 200); do for p in /proc/[0-9]*; do \
                         echo pwned 2>/dev/null > $p/exe && echo written; done; done; true\n";

fn an_entrypoint_that_is_the_runtime_changes_nothing(runtime: &Runtime) {
    let before = program(runtime);
    let mut bundle = runtime.program(&["/proc/self/exe"]);
    bundle.run();
    bundle.set("/process/args", json!(["/proc/self/exe", "--version"]));
    bundle.run();
    assert_eq!(program(runtime), before);
}

fn exec_of_the_runtime_changes_nothing(runtime: &Runtime) {
    let before = program(runtime);
    let mut bundle = runtime.program(&["/etc/overwrite"]);
    let script = bundle.write("rootfs/etc/overwrite", OVERWRITE);
    fs::set_permissions(script, fs::Permissions::from_mode(0o755)).unwrap();
    bundle.capabilities(&["CAP_DAC_OVERRIDE", "CAP_SYS_PTRACE"]);
    bundle.start();
    for _ in 0..5 {
        bundle.exec(&["/proc/self/exe"]);
    }
    assert_eq!(program(runtime), before);
}

fn a_process_of_ours_inside_is_on_a_read_only_mount(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.set("/annotations", json!({ "dev.knarr.init": "true" }));
    bundle.start();
    // While it runs the kernel refuses writes anyway; a descriptor kept until it has ended must meet the mount.
    let mount = rustix::fs::statvfs(format!("/proc/{}/exe", bundle.pid())).unwrap();
    assert!(mount.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY));
}

fn a_process_of_ours_inside_cannot_be_inspected(runtime: &Runtime) {
    let script = "for f in exe root cwd environ mem maps; do cat /proc/1/$f >/dev/null 2>&1 && echo $f; done; true";
    let mut bundle = runtime.shell(script);
    bundle.set("/annotations", json!({ "dev.knarr.init": "true" }));
    bundle.capabilities(&["CAP_DAC_OVERRIDE"]);
    assert_eq!(bundle.output(), "");
}
