//! AppArmor profiles, on a kernel that has AppArmor: `cargo xtask vm`. Elsewhere these cases are listed as ignored.
//!
//! Guard: `finish::through_proc` writes the profile for the next execve, or fails. Seen to fail without it: the program is unconfined.

use knarr_runtime_cases::{Bundle, Profile, Runtime, cases};

cases! {
    the_program_is_under_its_profile: ["config/labels"],
    exec_is_under_the_containers: ["config/labels"],
    exec_is_under_another_that_it_names: ["config/labels"],
    a_profile_that_is_not_loaded_is_refused: ["config/labels", "flaw/19"],
}

const SECRET: &str = "/etc/secret";
/// Shows the profile, then what is forbidden by it.
const SHOW: &str = "cat /proc/self/attr/current; cat /etc/secret 2>/dev/null || echo refused";

fn under<'r>(profile: &str, mut bundle: Bundle<'r>) -> Bundle<'r> {
    bundle.write("rootfs/etc/secret", "secret\n");
    bundle.set("/process/apparmorProfile", profile);
    bundle
}

fn the_program_is_under_its_profile(runtime: &Runtime) {
    let profile = Profile::load(SECRET);
    let refused = format!("{}\nrefused\n", profile.enforced());
    assert_eq!(under(profile.name(), runtime.shell(SHOW)).output(), refused);
    assert_eq!(under("unconfined", runtime.shell(SHOW)).output(), "unconfined\nsecret\n");
}

fn exec_is_under_the_containers(runtime: &Runtime) {
    let profile = Profile::load(SECRET);
    let bundle = under(profile.name(), runtime.program(&["/bin/sleep", "1000"]));
    bundle.start();
    assert_eq!(bundle.exec_shell(SHOW), format!("{}\nrefused\n", profile.enforced()));
}

fn exec_is_under_another_that_it_names(runtime: &Runtime) {
    let (own, other) = (Profile::load("/etc/none"), Profile::load(SECRET));
    let bundle = under(own.name(), runtime.program(&["/bin/sleep", "1000"]));
    bundle.start();
    let show = ["exec", "--apparmor", other.name(), bundle.id(), "sh", "-c", SHOW];
    assert_eq!(bundle.ok(&show), format!("{}\nrefused\n", other.enforced()));
}

fn a_profile_that_is_not_loaded_is_refused(runtime: &Runtime) {
    under("knarr-no-such-profile", runtime.program(&["/bin/true"])).cannot_run();
}
