//! `--restart`.

use knarr_api::container::RestartPolicy;

/// Reads `NAME[:N]`; which names there are, and which take a number, the daemon knows.
pub(crate) fn restart_policy(text: &str) -> Result<RestartPolicy, String> {
    let (name, count) = text.split_once(':').unwrap_or((text, "0"));
    let invalid = |why: &str| format!("invalid restart policy format: {why}");
    if name.is_empty() && text.contains(':') {
        return Err(invalid("no policy provided before colon"));
    }
    let maximum_retry_count = count.parse().map_err(|_| invalid("maximum retry count must be an integer"))?;
    Ok(RestartPolicy { name: name.to_owned(), maximum_retry_count })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies() {
        assert_eq!(restart_policy("on-failure:3").unwrap().maximum_retry_count, 3);
        assert_eq!(restart_policy("always").unwrap().name, "always");
        for bad in [":1", "on-failure:x", "on-failure:1:2"] {
            assert!(restart_policy(bad).is_err(), "{bad}");
        }
    }
}
