//! `--restart`.

use knarr_api::container::RestartPolicy;

/// Reads `no`, `always`, `unless-stopped` or `on-failure[:N]`.
pub(crate) fn restart_policy(text: &str) -> Result<RestartPolicy, String> {
    let (name, count) = text.split_once(':').map_or((text, None), |(name, count)| (name, Some(count)));
    let invalid = |why: &str| format!("invalid restart policy {text:?}: {why}");
    let maximum_retry_count = match count {
        None => 0,
        Some(_) if name != "on-failure" => return Err(invalid("only on-failure takes a number")),
        Some(count) => count.parse::<u32>().map_err(|_| invalid("the number of retries must be 0 or more"))?.into(),
    };
    match name {
        "" | "no" | "always" | "unless-stopped" | "on-failure" => {
            Ok(RestartPolicy { name: name.to_owned(), maximum_retry_count })
        }
        _ => Err(invalid("expected no, always, unless-stopped or on-failure[:N]")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies() {
        assert_eq!(restart_policy("on-failure:3").unwrap().maximum_retry_count, 3);
        assert_eq!(restart_policy("always").unwrap().name, "always");
        for bad in ["often", "always:1", "on-failure:-1", "on-failure:x"] {
            assert!(restart_policy(bad).is_err(), "{bad}");
        }
    }
}
