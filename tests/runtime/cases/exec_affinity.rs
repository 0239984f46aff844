//! `process.execCPUAffinity`: where a joining process runs until, and from when, it is in the container's cgroups.

use knarr_runtime_cases::{Bundle, Runtime, cases, status_field};
use serde_json::{Value, json};

cases! {
    the_final_one_holds: ["config/exec-cpu-affinity"] Ours("runc 1.1 and crun 1.21 do not know it"),
    the_first_one_holds_where_no_other_is_given: ["config/exec-cpu-affinity"] Ours("runc 1.1 and crun 1.21 do not know it"),
    it_is_not_for_the_first_process: ["config/exec-cpu-affinity"],
    what_is_no_list_is_refused: ["config/exec-cpu-affinity"] Ours("runc 1.1 and crun 1.21 do not know it"),
}

fn cpus(status: &str) -> String {
    status_field(status, "Cpus_allowed_list")
}

fn sleeper<'r>(runtime: &'r Runtime, affinity: Value) -> Bundle<'r> {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.set("/process/execCPUAffinity", affinity);
    bundle
}

fn the_final_one_holds(runtime: &Runtime) {
    let bundle = sleeper(runtime, json!({ "initial": "0", "final": "1" }));
    bundle.start();
    assert_eq!(cpus(&bundle.exec(&["/bin/cat", "/proc/self/status"]).ok()), "1");
}

fn the_first_one_holds_where_no_other_is_given(runtime: &Runtime) {
    let mut bundle = sleeper(runtime, json!({ "initial": "1" }));
    bundle.set("/linux/resources/cpu", json!({ "shares": 512 }));
    bundle.start();
    let own = std::fs::read_to_string("/proc/self/status").unwrap();
    let seen = cpus(&bundle.exec(&["/bin/cat", "/proc/self/status"]).ok());
    // A cpuset that is entered may give back what it has.
    assert!(seen == "1" || seen == cpus(&own), "{seen}");
}

fn it_is_not_for_the_first_process(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/status"]);
    bundle.set("/process/execCPUAffinity", json!({ "initial": "0", "final": "0" }));
    let own = std::fs::read_to_string("/proc/self/status").unwrap();
    assert_eq!(cpus(&bundle.output()), cpus(&own));
}

fn what_is_no_list_is_refused(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    for list in ["x", "1-0", "99999"] {
        let process = json!({ "cwd": "/", "args": ["true"], "execCPUAffinity": { "final": list } });
        let file = bundle.write("process.json", &process.to_string());
        assert!(bundle.refused(&["exec", "--process", &file, bundle.id()]).contains("execCPUAffinity"));
    }
}
