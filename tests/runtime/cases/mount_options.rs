//! Options of the one mount (config.md, "Linux mount options").

use knarr_runtime_cases::{MountLine, Runtime, cases};

cases! {
    ro_and_rw: ["config/mount-options"],
    nosuid_and_suid: ["config/mount-options"],
    nodev_and_dev: ["config/mount-options"],
    noexec_and_exec: ["config/mount-options"],
    noexec_refuses_programs: ["config/mount-options"],
    noatime_and_atime: ["config/mount-options"],
    relatime_and_norelatime: ["config/mount-options"],
    strictatime_and_nostrictatime: ["config/mount-options"],
    nodiratime_and_diratime: ["config/mount-options"],
    defaults_are_nothing: ["config/mount-options"] Crun("runc 1.1 gives it to the file system"),
    the_last_of_contradicting_options_wins: ["config/mount-options"],
    sync_and_dirsync: ["config/mount-options"],
    mand_and_iversion_are_known: ["config/mount-options"],
    silent_and_loud_are_known: ["config/mount-options"] Ours("neither runc 1.1 nor Debian's crun knows them"),
    lazytime_is_set: ["config/mount-options"] Ours("neither runc 1.1 nor Debian's crun knows it"),
    nosymfollow: ["config/mount-options"] Ours("runc has it since 1.1, Debian's crun not"),
    an_option_of_the_file_system_arrives: ["config/mount-options"],
    an_unknown_option_is_refused_by_the_file_system: ["config/mount-options"],
    remount_changes_what_is_mounted: ["config/mount-options"],
}

/// The line of a tmpfs with these options.
fn tmpfs(runtime: &Runtime, options: &[&str]) -> MountLine {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/mountinfo"]);
    bundle.mount("/mnt", "tmpfs", "tmpfs", options);
    MountLine::at(&bundle.output(), "/mnt")
}

/// Whether a tmpfs with these options has the option, and with the ones behind it not.
fn switches(runtime: &Runtime, option: &str, opposite: &str) {
    assert!(tmpfs(runtime, &[option]).has(option), "{option}");
    assert!(!tmpfs(runtime, &[option, opposite]).has(option), "{opposite}");
}

fn ro_and_rw(runtime: &Runtime) {
    switches(runtime, "ro", "rw");
    assert!(tmpfs(runtime, &["rw"]).has("rw"));
}

fn nosuid_and_suid(runtime: &Runtime) {
    switches(runtime, "nosuid", "suid");
}

fn nodev_and_dev(runtime: &Runtime) {
    switches(runtime, "nodev", "dev");
}

fn noexec_and_exec(runtime: &Runtime) {
    switches(runtime, "noexec", "exec");
}

fn noexec_refuses_programs(runtime: &Runtime) {
    let mut bundle = runtime.shell("cp /bin/busybox /mnt/true; /mnt/true 2>/dev/null || echo refused");
    bundle.mount("/mnt", "tmpfs", "tmpfs", &["noexec"]);
    assert_eq!(bundle.output(), "refused\n");
}

fn noatime_and_atime(runtime: &Runtime) {
    switches(runtime, "noatime", "atime");
}

fn relatime_and_norelatime(runtime: &Runtime) {
    assert!(tmpfs(runtime, &["relatime"]).has("relatime"));
    // Without it the kernel's default is relatime again.
    tmpfs(runtime, &["norelatime"]);
}

fn strictatime_and_nostrictatime(runtime: &Runtime) {
    let strict = tmpfs(runtime, &["strictatime"]);
    assert!(!strict.has("relatime") && !strict.has("noatime"), "{strict:?}");
    assert!(tmpfs(runtime, &["strictatime", "nostrictatime"]).has("relatime"));
}

fn nodiratime_and_diratime(runtime: &Runtime) {
    switches(runtime, "nodiratime", "diratime");
}

fn defaults_are_nothing(runtime: &Runtime) {
    assert_eq!(tmpfs(runtime, &["defaults"]).options, tmpfs(runtime, &[]).options);
}

fn the_last_of_contradicting_options_wins(runtime: &Runtime) {
    let line = tmpfs(runtime, &["ro", "rw", "suid", "nosuid"]);
    assert!(line.has("rw") && line.has("nosuid"), "{line:?}");
}

fn sync_and_dirsync(runtime: &Runtime) {
    let line = tmpfs(runtime, &["sync", "dirsync"]);
    assert!(line.is_given("sync") && line.is_given("dirsync"), "{line:?}");
    let line = tmpfs(runtime, &["sync", "async"]);
    assert!(!line.is_given("sync"), "{line:?}");
}

fn mand_and_iversion_are_known(runtime: &Runtime) {
    for option in ["mand", "nomand", "iversion", "noiversion"] {
        tmpfs(runtime, &[option]);
    }
}

fn silent_and_loud_are_known(runtime: &Runtime) {
    for option in ["silent", "loud"] {
        tmpfs(runtime, &[option]);
    }
}

fn lazytime_is_set(runtime: &Runtime) {
    assert!(tmpfs(runtime, &["lazytime"]).is_given("lazytime"));
    assert!(!tmpfs(runtime, &["lazytime", "nolazytime"]).is_given("lazytime"));
}

fn nosymfollow(runtime: &Runtime) {
    switches(runtime, "nosymfollow", "symfollow");
}

fn an_option_of_the_file_system_arrives(runtime: &Runtime) {
    let line = tmpfs(runtime, &["size=1024k", "mode=1750", "nr_inodes=100", "uid=5", "gid=6"]);
    for parameter in ["size=1024k", "mode=1750", "nr_inodes=100", "uid=5", "gid=6"] {
        assert!(line.is_given(parameter), "{parameter}: {line:?}");
    }
}

fn an_unknown_option_is_refused_by_the_file_system(runtime: &Runtime) {
    for option in ["size=rubbish", "nonsense", "nonsense=1"] {
        let mut bundle = runtime.program(&["/bin/true"]);
        bundle.mount("/mnt", "tmpfs", "tmpfs", &[option]);
        let said = bundle.cannot_run();
        assert!(said.contains("/mnt"), "{said}");
    }
}

fn remount_changes_what_is_mounted(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/mountinfo"]);
    bundle.mount("/mnt", "tmpfs", "tmpfs", &[]);
    bundle.mount("/mnt", "tmpfs", "tmpfs", &["remount", "ro", "nosuid"]);
    let line = MountLine::at(&bundle.output(), "/mnt");
    assert!(line.has("ro") && line.has("nosuid"), "{line:?}");
}
