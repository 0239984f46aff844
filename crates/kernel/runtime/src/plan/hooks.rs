//! What can be said of hooks before one runs (config.md, "POSIX-platform Hooks").

use knarr_spec::{Hook, Hooks};

use crate::{Error, Result};

/// Refuses a hook that is no absolute path or has no time at all.
pub fn check(hooks: Option<&Hooks>) -> Result<()> {
    let Some(hooks) = hooks else { return Ok(()) };
    let stages = [
        &hooks.prestart,
        &hooks.create_runtime,
        &hooks.create_container,
        &hooks.start_container,
        &hooks.poststart,
        &hooks.poststop,
    ];
    stages.into_iter().flatten().try_for_each(one)
}

fn one(hook: &Hook) -> Result<()> {
    if !hook.path.starts_with('/') {
        return Err(Error::Spec(format!("the hook {:?} is no absolute path", hook.path)));
    }
    match hook.timeout {
        Some(seconds) if seconds <= 0 => {
            Err(Error::Spec(format!("the hook {:?} has a timeout of {seconds}", hook.path)))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_absolute_and_times_positive() {
        let hook = |path: &str, timeout| Hook { path: path.into(), timeout, ..Hook::default() };
        assert!(one(&hook("/bin/true", None)).is_ok());
        assert!(one(&hook("/bin/true", Some(1))).is_ok());
        for wrong in [hook("bin/true", None), hook("", None), hook("/bin/true", Some(0)), hook("/bin/true", Some(-1))] {
            assert!(one(&wrong).is_err(), "{wrong:?}");
        }
    }
}
