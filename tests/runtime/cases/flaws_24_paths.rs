//! Flaw row 24: ids and cgroup paths that lead elsewhere.
//!
//! Guards: `Record::folder` and `CgroupPath::parse` know letters, and no `..`. Seen to fail without either: a folder is made
//! beside the records, a cgroup beside the parent.

use std::fs;

use knarr_runtime_cases::{Runtime, cases};
use serde_json::json;

use crate::usage::run_as;

cases! {
    ids_that_are_paths_are_refused: ["cli/ids", "flaw/24"],
    ids_with_other_characters_are_refused: ["cli/ids", "flaw/24"],
    a_cgroup_path_that_leaves_is_refused: ["linux/cgroups-path", "flaw/24"] Ours("runc and crun clean it"),
    a_sysctl_that_leaves_is_refused: ["linux/sysctl", "flaw/24"],
}

fn ids_that_are_paths_are_refused(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/true"]);
    for id in ["../x", "a/b", "..", ".", "/", ""] {
        run_as(&bundle, id).refused();
    }
    let left = std::fs::read_dir(bundle.records()).map_or(0, Iterator::count);
    assert_eq!(left, 0);
}

fn ids_with_other_characters_are_refused(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/true"]);
    for id in ["a b", "a\nb", "ä", "a:b", "a@b", "a*", "$(id)"] {
        run_as(&bundle, id).refused();
    }
}

fn a_cgroup_path_that_leaves_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    for path in ["/../x", "/knarr-cases/../../x", "/knarr-cases/./x", "/", "//", "/knarr-cases/a\nb"] {
        bundle.set("/linux/cgroupsPath", path);
        bundle.cannot_run();
    }
}

fn a_sysctl_that_leaves_is_refused(runtime: &Runtime) {
    let before = fs::read_to_string("/proc/sys/vm/swappiness").unwrap();
    for name in ["net/../vm/swappiness", "net...vm.swappiness", "net"] {
        let mut bundle = runtime.program(&["/bin/true"]);
        bundle.set("/linux/sysctl", json!({ name: "1" }));
        bundle.cannot_run();
    }
    assert_eq!(fs::read_to_string("/proc/sys/vm/swappiness").unwrap(), before);
}
