//! `--no-pivot`: for a root on an initramfs, which pivot_root(2) refuses.

use knarr_runtime_cases::{Runtime, cases};

cases! {
    the_program_runs_in_its_root: ["cli/no-pivot"],
    nothing_that_the_host_mounts_is_left_beneath: ["cli/no-pivot"] Ours("runc and crun leave the host's mounts beneath"),
}

fn the_program_runs_in_its_root(runtime: &Runtime) {
    let bundle = runtime.shell("ls -d /bin /etc; pwd; cat /proc/self/status > /dev/null && echo proc");
    let output = bundle.ok(&["run", "--no-pivot", "--bundle", bundle.word(), bundle.id()]);
    assert_eq!(output, "/bin\n/etc\n/\nproc\n");
}

fn nothing_that_the_host_mounts_is_left_beneath(runtime: &Runtime) {
    let bundle = runtime.shell("cat /proc/self/mountinfo | cut -d' ' -f5 | sort | uniq -c | sort -n | tail -1");
    let mut output = String::new();
    for words in [&["run", "--no-pivot"][..], &["run"]] {
        let words = [words, &["--bundle", bundle.word(), bundle.id()]].concat();
        output += &bundle.ok(&words);
    }
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines[0], lines[1], "{output}");
}
