//! `root`.

use knarr_runtime_cases::{MountLine, Runtime, cases};

cases! {
    a_relative_path_is_relative_to_the_bundle: ["config/root"],
    an_absolute_path_is_used_as_it_is: ["config/root"],
    a_path_that_is_not_there_is_refused: ["config/root"],
    a_file_is_refused: ["config/root"],
    none_is_refused: ["config/root"],
    read_only_refuses_writes: ["config/root-readonly"],
    read_only_leaves_mounts_writable: ["config/root-readonly"],
    writable_is_the_default: ["config/root-readonly"],
    nothing_of_the_hosts_tree_is_reachable: ["config/root"],
    the_host_is_as_it_was: ["config/root"],
    the_folder_of_the_host_is_not_changed_by_read_only: ["config/root-readonly"],
}

fn a_relative_path_is_relative_to_the_bundle(runtime: &Runtime) {
    let bundle = runtime.shell("cat /etc/data");
    let mut command = bundle.command(&["run", "--bundle", bundle.word(), bundle.id()]);
    command.current_dir("/");
    assert_eq!(bundle.finish(command).ok(), "not a program");
}

fn an_absolute_path_is_used_as_it_is(runtime: &Runtime) {
    let mut bundle = runtime.shell("cat /mark");
    let elsewhere = bundle.file("elsewhere");
    knarr_runtime_cases::make_root(elsewhere.as_ref());
    bundle.write("elsewhere/mark", "elsewhere");
    bundle.set("/root/path", elsewhere);
    assert_eq!(bundle.output(), "elsewhere");
}

fn a_path_that_is_not_there_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/root/path", "no-such-folder");
    let said = bundle.cannot_run();
    assert!(said.contains("no-such-folder"), "{said}");
}

fn a_file_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.write("file", "");
    bundle.set("/root/path", "file");
    bundle.cannot_run();
}

fn none_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.remove("/root");
    bundle.cannot_run();
}

fn read_only_refuses_writes(runtime: &Runtime) {
    let mut bundle = runtime.shell("touch /x 2>/dev/null || echo refused; cat /proc/self/mountinfo");
    bundle.set("/root/readonly", true);
    let output = bundle.output();
    assert!(output.starts_with("refused\n"), "{output}");
    assert!(MountLine::at(&output, "/").has("ro"), "{output}");
}

fn read_only_leaves_mounts_writable(runtime: &Runtime) {
    let mut bundle = runtime.shell("touch /tmp/x && touch /dev/shm/x && echo taken");
    bundle.set("/root/readonly", true);
    bundle.mount("/tmp", "tmpfs", "tmpfs", &["nosuid", "size=1m"]);
    assert_eq!(bundle.output(), "taken\n");
}

fn writable_is_the_default(runtime: &Runtime) {
    let mut bundle = runtime.shell("touch /etc/x && echo taken");
    bundle.remove("/root/readonly");
    assert_eq!(bundle.output(), "taken\n");
    assert!(bundle.rootfs().join("etc/x").exists());
}

fn nothing_of_the_hosts_tree_is_reachable(runtime: &Runtime) {
    let script = "cut -d' ' -f5 /proc/self/mountinfo | sort | uniq -d; ls / /.. /../..; wc -l < /proc/1/root/etc/passwd";
    let listing = "bin\ndev\netc\nhome\nproc\nroot\nsys\ntmp\n";
    assert_eq!(runtime.shell(script).output(), format!("/:\n{listing}\n/..:\n{listing}\n/../..:\n{listing}2\n"));
}

fn the_folder_of_the_host_is_not_changed_by_read_only(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.set("/root/readonly", true);
    bundle.start();
    bundle.write("rootfs/etc/from-outside", "written\n");
    assert_eq!(bundle.exec_shell("cat /etc/from-outside"), "written\n");
}

/// The canary: neither the host's name nor a kernel parameter changes by a run.
fn the_host_is_as_it_was(runtime: &Runtime) {
    let canary = || {
        let files = ["/proc/sys/kernel/hostname", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/kernel/msgmax"];
        files.map(|file| std::fs::read_to_string(file).unwrap())
    };
    let before = canary();
    let mut bundle = runtime.shell("hostname other; echo 1 > /proc/sys/net/ipv4/ip_forward; echo 777 > /proc/sys/kernel/msgmax");
    bundle.capabilities(&["CAP_SYS_ADMIN", "CAP_NET_ADMIN"]);
    bundle.run();
    assert_eq!(canary(), before);
}
