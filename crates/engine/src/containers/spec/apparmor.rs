//! AppArmor profiles: named by the user, loaded by who administers the host. None is put on who names none.

use std::fs;

use knarr_model::{Fault, Result};

/// `Y` where the kernel has AppArmor and it is on.
const ENABLED: &str = "/sys/module/apparmor/parameters/enabled";
/// What is loaded: `name (mode)` lines, for root.
const LOADED: &str = "/sys/kernel/security/apparmor/profiles";
/// Stands for no profile.
const UNCONFINED: &str = "unconfined";

/// Refuses a profile that no process could be put under (row 19): the host lacks AppArmor, or the profile.
pub(super) fn check(profile: &str) -> Result<()> {
    if profile.is_empty() || profile == UNCONFINED {
        return Ok(());
    }
    if !fs::read_to_string(ENABLED).is_ok_and(|state| state.trim() == "Y") {
        return Err(Fault::invalid(format!(
            "AppArmor is not enabled on this host: no process can be under {profile:?}"
        )));
    }
    match fs::read_to_string(LOADED) {
        Ok(loaded) if !has(&loaded, profile) => {
            Err(Fault::invalid(format!("the AppArmor profile {profile:?} is not loaded: load it with apparmor_parser")))
        }
        // Where the list cannot be read the kernel decides at the start.
        _ => Ok(()),
    }
}

fn has(loaded: &str, profile: &str) -> bool {
    loaded.lines().filter_map(|line| line.rsplit_once(" (")).any(|(name, _)| name == profile)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loaded_profile_is_found_by_its_whole_name() {
        let loaded = "web (enforce)\nweb//child (complain)\n/usr/bin/man (enforce)\nwith space (kill)\n";
        for name in ["web", "web//child", "/usr/bin/man", "with space"] {
            assert!(has(loaded, name), "{name}");
        }
        for name in ["we", "child", "man", "web (enforce)"] {
            assert!(!has(loaded, name), "{name}");
        }
    }

    #[test]
    fn no_profile_is_no_fault() {
        assert!(check("").is_ok() && check(UNCONFINED).is_ok());
        assert!(check("knarr-no-such-profile").is_err());
    }
}
