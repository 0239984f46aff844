//! Options of a mount and of all below it.

use knarr_runtime_cases::{MountLine, Runtime, cases};

cases! {
    each_reaches_the_mounts_below: ["config/mount-recursive"] Ours("runc has them since 1.1, Debian's crun in part"),
    rro_closes_the_mounts_below: ["config/mount-recursive"],
    others_do_not_reach_them: ["config/mount-options"],
    the_opposites_reach_the_mounts_below: ["config/mount-recursive"] Ours("Debian's runc and crun know a part"),
}

/// Lines of /data and /data/below, where a tmpfs with `host` options lies.
fn lines(runtime: &Runtime, host: &str, options: &[&str]) -> [MountLine; 2] {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/mountinfo"]);
    let source = bundle.folder("source");
    bundle.folder("source/below");
    bundle.mount("/data", "bind", &source, options);
    let table = bundle.run_on_host(&format!("mount -t tmpfs -o {host} x $0/source/below; \"$@\"")).ok();
    ["/data", "/data/below"].map(|place| MountLine::at(&table, place))
}

fn each_reaches_the_mounts_below(runtime: &Runtime) {
    let all = ["rbind", "rro", "rnosuid", "rnodev", "rnoexec", "rnoatime", "rnodiratime", "rnosymfollow"];
    let [top, below] = lines(runtime, "rw", &all);
    for option in ["ro", "nosuid", "nodev", "noexec", "noatime", "nodiratime", "nosymfollow"] {
        assert!(top.has(option) && below.has(option), "{option}: {top:?} {below:?}");
    }
}

fn rro_closes_the_mounts_below(runtime: &Runtime) {
    let [top, below] = lines(runtime, "rw", &["rbind", "rro"]);
    assert!(top.has("ro") && below.has("ro"), "{top:?} {below:?}");
}

fn others_do_not_reach_them(runtime: &Runtime) {
    let [top, below] = lines(runtime, "rw", &["rbind", "ro", "nosuid", "nodev", "noexec"]);
    for option in ["ro", "nosuid", "nodev", "noexec"] {
        assert!(top.has(option) && !below.has(option), "{option}: {top:?} {below:?}");
    }
}

fn the_opposites_reach_the_mounts_below(runtime: &Runtime) {
    let host = "ro,nosuid,nodev,noexec,noatime";
    let [_, below] = lines(runtime, host, &["rbind", "rrw", "rsuid", "rdev", "rexec", "ratime"]);
    for option in ["ro", "nosuid", "nodev", "noexec", "noatime"] {
        assert!(!below.has(option), "{option}: {below:?}");
    }
    let [_, below] = lines(runtime, host, &["rbind", "rstrictatime"]);
    assert!(!below.has("noatime") && !below.has("relatime"), "{below:?}");
    let [_, below] = lines(runtime, host, &["rbind", "rrelatime"]);
    assert!(below.has("relatime"), "{below:?}");
}
