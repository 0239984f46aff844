//! Propagation of mounts and of the root.

use knarr_runtime_cases::{MountLine, Runtime, cases};

cases! {
    private_is_the_default: ["config/mount-propagation"],
    shared_mounts_are_shared: ["config/mount-propagation"],
    slave_mounts_are_slaves: ["config/mount-propagation"],
    private_mounts_are_private: ["config/mount-propagation"],
    unbindable_mounts_are_unbindable: ["config/mount-propagation"],
    the_root_is_no_peer_of_the_hosts_by_default: ["linux/rootfs-propagation"],
    a_private_root: ["linux/rootfs-propagation"],
    a_slave_root: ["linux/rootfs-propagation"],
    a_shared_root: ["linux/rootfs-propagation"] Crun("with shared, runc 1.1 leaves the root private"),
    an_unbindable_root: ["linux/rootfs-propagation"] Crun("runc 1.1 cannot"),
    nothing_of_a_shared_host_is_unmounted: ["linux/rootfs-propagation"],
    an_unknown_propagation_is_refused: ["linux/rootfs-propagation", "config/valid-values"],
}

fn bound(runtime: &Runtime, options: &[&str]) -> MountLine {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/mountinfo"]);
    let source = bundle.folder("source");
    let options: Vec<&str> = ["bind"].iter().chain(options).copied().collect();
    bundle.mount("/mnt", "bind", &source, &options);
    MountLine::at(&bundle.output(), "/mnt")
}

fn private_is_the_default(runtime: &Runtime) {
    let line = bound(runtime, &[]);
    assert!(!line.is("shared"), "{line:?}");
}

fn shared_mounts_are_shared(runtime: &Runtime) {
    for option in ["shared", "rshared"] {
        let line = bound(runtime, &[option]);
        assert!(line.is("shared"), "{option}: {line:?}");
    }
}

fn slave_mounts_are_slaves(runtime: &Runtime) {
    for option in ["slave", "rslave"] {
        let line = bound(runtime, &[option]);
        assert!(!line.is("shared"), "{option}: {line:?}");
    }
}

fn private_mounts_are_private(runtime: &Runtime) {
    for option in ["private", "rprivate"] {
        let line = bound(runtime, &[option]);
        assert!(line.tags.is_empty(), "{option}: {line:?}");
    }
}

fn unbindable_mounts_are_unbindable(runtime: &Runtime) {
    for option in ["unbindable", "runbindable"] {
        let line = bound(runtime, &[option]);
        assert!(line.is("unbindable"), "{option}: {line:?}");
    }
}

fn root(runtime: &Runtime, propagation: Option<&str>) -> MountLine {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/mountinfo"]);
    if let Some(propagation) = propagation {
        bundle.set("/linux/rootfsPropagation", propagation);
    }
    MountLine::at(&bundle.output(), "/")
}

fn the_root_is_no_peer_of_the_hosts_by_default(runtime: &Runtime) {
    assert!(!root(runtime, None).is("shared"));
}

fn a_private_root(runtime: &Runtime) {
    for propagation in ["private", "rprivate"] {
        let line = root(runtime, Some(propagation));
        assert!(line.tags.is_empty(), "{propagation}: {line:?}");
    }
}

fn a_slave_root(runtime: &Runtime) {
    for propagation in ["slave", "rslave"] {
        let line = root(runtime, Some(propagation));
        assert!(!line.is("shared"), "{propagation}: {line:?}");
    }
}

fn a_shared_root(runtime: &Runtime) {
    for propagation in ["shared", "rshared"] {
        let line = root(runtime, Some(propagation));
        assert!(line.is("shared"), "{propagation}: {line:?}");
    }
}

fn an_unbindable_root(runtime: &Runtime) {
    let line = root(runtime, Some("unbindable"));
    assert!(line.is("unbindable"), "{line:?}");
}

/// On a host whose mounts are all shared, as systemd makes them.
fn nothing_of_a_shared_host_is_unmounted(runtime: &Runtime) {
    const HOST: &str = "mount --make-rshared /; mount -t tmpfs x $0/host; mkdir $0/host/sub; mount -t tmpfs x $0/host/sub; \
                        touch $0/host/sub/file; \"$@\"; ls $0/host/sub";
    for propagation in ["private", "rprivate", "slave", "rslave", "shared", "rshared"] {
        let mut bundle = runtime.program(&["/bin/true"]);
        bundle.folder("host");
        bundle.set("/linux/rootfsPropagation", propagation);
        assert_eq!(bundle.run_on_host(HOST).ok(), "file\n", "{propagation}");
    }
}

fn an_unknown_propagation_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/linux/rootfsPropagation", "sideways");
    bundle.cannot_run();
}
