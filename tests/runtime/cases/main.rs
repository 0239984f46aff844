//! Every case on every runtime: `runc::hostname::is_set`, then `ours::hostname::is_set`.

mod conformance;

use std::process::ExitCode;
use std::sync::Arc;

use knarr_runtime_cases::{Case, Runtime, apparmor_is_on};
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
    apparmor,
    capabilities,
    cgroup_cpu,
    cgroup_memory,
    cgroup_others,
    cgroups_path,
    create,
    delete,
    device_rules,
    devices,
    document,
    domainname,
    exec,
    exec_affinity,
    exec_cgroup,
    exec_identity,
    flaws_01_executable,
    flaws_02_descriptors,
    flaws_03_joining,
    flaws_04_mask_source,
    flaws_05_console,
    flaws_06_procfs,
    flaws_07_links,
    flaws_08_dev,
    flaws_09_swapped,
    flaws_10_release_agent,
    flaws_11_cgroups,
    flaws_12_devices,
    flaws_13_inheritable,
    flaws_14_exec,
    flaws_15_users,
    flaws_16_groups,
    flaws_17_passwd,
    flaws_18_checkpoints,
    flaws_19_profile,
    flaws_20_sockets,
    flaws_23_lengths,
    flaws_24_paths,
    hooks,
    hostname,
    intel_rdt,
    kill,
    listen_fds,
    look,
    masked_paths,
    memory_policy,
    mount_bind,
    mount_cgroup,
    mount_copy_up,
    mount_idmap,
    mount_options,
    mount_propagation,
    mount_recursive,
    mount_types,
    namespaces_join,
    namespaces_new,
    net_devices,
    no_pivot,
    pause,
    process_args,
    process_cwd,
    process_env,
    process_flags,
    process_user,
    readonly_paths,
    rlimits,
    root,
    run,
    scheduling,
    seccomp_actions,
    seccomp_arguments,
    seccomp_notify,
    seccomp_profile,
    start,
    state,
    sysctl,
    terminal,
    time_namespace,
    update,
    usage,
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
    trials.push(Trial::test("conformance::document", || conformance::check(FEATURES).map_err(Failed::from)));
    run(&arguments, trials).exit_code()
}

fn trial(runtime: &Arc<Runtime>, feature: &str, case: &'static Case) -> Trial {
    let runtime = Arc::clone(runtime);
    let lacking = feature == "apparmor" && !apparmor_is_on();
    let trial = Trial::test(format!("{}::{feature}::{}", runtime.name(), case.name), move || {
        (case.run)(&runtime);
        Ok::<(), Failed>(())
    });
    trial.with_ignored_flag(lacking)
}
