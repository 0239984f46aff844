//! Which capabilities a container has.

use knarr_model::{Fault, Result};

use super::Facts;

/// The industry's common default.
const COMMON: [&str; 14] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_NET_RAW",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
    "CAP_AUDIT_WRITE",
];
/// What knarr's own default leaves out of it.
const TIGHTENED: [&str; 2] = ["CAP_MKNOD", "CAP_AUDIT_WRITE"];

/// All that there are, by their number (capabilities(7)).
pub(crate) use knarr_runtime::CAPABILITIES as NAMES;

/// The default, with `add` and without `drop`, in the kernel's order; all that this host has to give for a
/// privileged container.
pub(crate) fn effective(add: &[String], drop: &[String], privileged: bool, facts: &Facts) -> Result<Vec<String>> {
    let add = normal("CapAdd", add)?;
    let drop = normal("CapDrop", drop)?;
    if privileged {
        return Ok(facts.capabilities.clone());
    }
    let available = |name: &str| facts.capabilities.iter().any(|have| have == name);
    let default = |name: &str| COMMON.contains(&name) && (facts.compat_docker || !TIGHTENED.contains(&name));
    let has = |list: &[String], name: &str| list.iter().any(|entry| entry == name || entry == "ALL");
    let wanted = |name: &str| {
        let named = add.iter().any(|entry| entry == name);
        let dropped = drop.iter().any(|entry| entry == name);
        let all = available(name) && has(&add, name);
        named || (!dropped && (all || (!has(&drop, name) && default(name))))
    };
    Ok(NAMES.into_iter().filter(|name| wanted(name)).map(str::to_owned).collect())
}

/// Refuses names that are no capabilities.
pub(crate) fn check(add: &[String], drop: &[String]) -> Result<()> {
    normal("CapAdd", add).and(normal("CapDrop", drop)).map(|_| ())
}

/// Upper case with `CAP_`; an unknown name is refused in Docker's words.
fn normal(field: &str, list: &[String]) -> Result<Vec<String>> {
    let one = |text: &String| {
        let upper = text.to_ascii_uppercase();
        if upper == "ALL" {
            return Ok(upper);
        }
        let name = if upper.starts_with("CAP_") { upper } else { format!("CAP_{upper}") };
        match NAMES.contains(&name.as_str()) {
            true => Ok(name),
            false => Err(Fault::invalid(format!("invalid {field}: unknown capability: {name:?}"))),
        }
    };
    list.iter().map(one).collect()
}
