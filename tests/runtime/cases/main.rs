//! Every case on every runtime: `runc::hostname::is_set`, then `ours::hostname::is_set`.

use std::process::ExitCode;
use std::sync::Arc;

use knarr_runtime_cases::{Case, Runtime, remove_parents};
use libtest_mimic::{Arguments, Failed, Trial, run};

/// The files of cases.
macro_rules! features {
    ($($name:ident),+ $(,)?) => {
        $(mod $name;)+

        /// Every feature with its cases.
        const FEATURES: &[(&str, &[Case])] = &[$((stringify!($name), $name::CASES)),+];
    };
}

features! {
    capabilities,
    cgroup_cpu,
    cgroup_memory,
    cgroup_others,
    cgroups_path,
    create,
    delete,
    device_rules,
    devices,
    domainname,
    exec,
    exec_identity,
    hostname,
    kill,
    masked_paths,
    mount_bind,
    mount_cgroup,
    mount_options,
    mount_propagation,
    mount_types,
    namespaces_join,
    namespaces_new,
    process_args,
    process_cwd,
    process_env,
    process_flags,
    process_user,
    readonly_paths,
    rlimits,
    root,
    run,
    start,
    state,
    sysctl,
    time_namespace,
    user_namespace,
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let runtimes: Vec<Arc<Runtime>> = Runtime::of_this_run().into_iter().map(Arc::new).collect();
    let mut trials = Vec::new();
    for (feature, cases) in FEATURES {
        for runtime in &runtimes {
            let fit = cases.iter().filter(|case| runtime.runs(case.oracle));
            trials.extend(fit.map(|case| trial(runtime, feature, case)));
        }
    }
    let conclusion = run(&arguments, trials);
    remove_parents();
    conclusion.exit_code()
}

fn trial(runtime: &Arc<Runtime>, feature: &str, case: &'static Case) -> Trial {
    let runtime = Arc::clone(runtime);
    Trial::test(format!("{}::{feature}::{}", runtime.name(), case.name), move || {
        (case.run)(&runtime);
        Ok::<(), Failed>(())
    })
}
