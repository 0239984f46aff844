//! Resource limits of processes.

/// The kernel's limits by the names that `--ulimit` takes.
const NAMES: [&str; 16] = [
    "as",
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

/// Why a resource limit is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UlimitError {
    /// The kernel has no such limit.
    #[error("invalid ulimit type: {0}")]
    Name(String),
    /// The soft limit is above the hard one.
    #[error("ulimit soft limit must be less than or equal to hard limit: {soft} > {hard}")]
    Order {
        /// The soft limit.
        soft: i64,
        /// The hard limit.
        hard: i64,
    },
    /// The soft limit is none, the hard one is some.
    #[error("ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: {0}")]
    Unlimited(i64),
}

/// Whether there is such a limit and these values go together; -1 is unlimited.
pub fn check_ulimit(name: &str, soft: i64, hard: i64) -> Result<(), UlimitError> {
    if !NAMES.contains(&name) {
        return Err(UlimitError::Name(name.to_owned()));
    }
    match (soft, hard) {
        (_, -1) => Ok(()),
        (-1, hard) => Err(UlimitError::Unlimited(hard)),
        (soft, hard) if soft > hard => Err(UlimitError::Order { soft, hard }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_known_and_in_order() {
        for (name, soft, hard, fine) in [
            ("nofile", 10, 20, true),
            ("core", 0, 0, true),
            ("memlock", -1, -1, true),
            ("nproc", 5, -1, true),
            ("nofile", 20, 10, false),
            ("nofile", -1, 5, false),
            ("speed", 1, 1, false),
        ] {
            assert_eq!(check_ulimit(name, soft, hard).is_ok(), fine, "{name}={soft}:{hard}");
        }
    }
}
