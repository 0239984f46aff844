//! Ways out that runtimes have had (the flaw catalogue's rows are named).

mod support;

use std::fs;

use support::Bundle;

fn with_init(script: &str) -> Bundle {
    let mut bundle = Bundle::shell(script);
    bundle.spec.annotations.insert("dev.knarr.init".into(), "true".into());
    bundle
}

/// Row 1: a process of ours inside a container shows our executable, on a read-only mount.
#[test]
fn the_runtimes_executable_cannot_be_written_through_a_container() {
    let bundle = with_init("sleep 1000");
    bundle.start();
    // While it runs the kernel refuses writes anyway; a descriptor kept until it has ended must meet the mount.
    let exe = format!("/proc/{}/exe", bundle.state().pid);
    let mount = rustix::fs::statvfs(exe).unwrap();
    assert!(mount.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY));
}

/// Row 1: and it is not even seen from within.
#[test]
fn the_init_process_cannot_be_inspected_from_inside() {
    let mut bundle =
        with_init("for f in exe root cwd environ mem maps; do cat /proc/1/$f >/dev/null 2>&1 && echo $f; done; true");
    bundle.capabilities(&["CAP_DAC_OVERRIDE"]);
    assert_eq!(bundle.output(), "");
}

/// Row 2: a working directory that is a descriptor of the runtime.
#[test]
fn a_working_directory_among_descriptors_is_refused() {
    for number in 3..30 {
        let mut bundle = Bundle::program(&["/bin/ls", "../../../../../../root"]);
        bundle.process().cwd = format!("/proc/self/fd/{number}");
        let output = bundle.run();
        assert!(!output.status.success(), "{number}: {}", String::from_utf8_lossy(&output.stdout));
        assert!(output.stdout.is_empty());
    }
}

/// Row 6: what covers /proc from within does not see the runtime's writes.
#[test]
fn nothing_can_be_mounted_over_parts_of_proc() {
    for place in ["/proc/self/attr", "/proc/sys", "/proc/1", "/proc/../proc/self"] {
        let mut bundle = Bundle::program(&["/bin/true"]);
        bundle.spec.mounts.push(knarr_spec::Mount {
            destination: place.into(),
            kind: "tmpfs".into(),
            source: "tmpfs".into(),
            ..Default::default()
        });
        let text = bundle.refused(&["run", "--bundle", bundle.path().to_str().unwrap(), bundle.id()]);
        assert!(text.contains("inside /proc"), "{place}: {text}");
    }
}

/// Row 10: the release agent of version 1 hierarchies.
#[test]
fn no_release_agent_can_be_set() {
    let script = "for f in /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/*/notify_on_release; do \
                  echo 1 2>/dev/null > $f && echo $f; done; \
                  mount -t cgroup -o memory cgroup /tmp 2>/dev/null && echo mounted; \
                  unshare -m true 2>/dev/null && echo unshared; true";
    assert_eq!(Bundle::shell(script).output(), "");
}

/// Row 17: a user file that never ends.
#[test]
fn a_passwd_that_is_no_small_file_is_not_read() {
    use std::os::unix::fs::symlink;
    for endless in ["/dev/zero", "/etc/fifo", "/etc/sparse"] {
        let bundle = Bundle::shell("echo $HOME");
        let passwd = bundle.rootfs().join("etc/passwd");
        fs::remove_file(&passwd).unwrap();
        symlink(endless, &passwd).unwrap();
        let fifo = bundle.rootfs().join("etc/fifo");
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, kind, rustix::fs::Mode::from_raw_mode(0o644), 0).unwrap();
        fs::File::create(bundle.rootfs().join("etc/sparse")).unwrap().set_len(10 << 30).unwrap();
        assert_eq!(bundle.output(), "/\n", "{endless}");
    }
}

/// The canary: neither the host's mounts nor its name nor a kernel parameter change by a run.
#[test]
fn the_host_is_as_it_was() {
    let canary = || {
        let files = ["/proc/sys/kernel/hostname", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/kernel/msgmax"];
        files.map(|file| fs::read_to_string(file).unwrap())
    };
    let before = canary();
    let mut bundle = Bundle::shell("hostname other 2>/dev/null; echo 1 > /proc/sys/net/ipv4/ip_forward; true");
    bundle.capabilities(&["CAP_SYS_ADMIN", "CAP_NET_ADMIN"]);
    bundle.spec.hostname = "inside".into();
    assert!(bundle.run().status.success());
    assert_eq!(canary(), before);
}
