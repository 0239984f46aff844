//! `--ulimit`.

use knarr_api::container::Ulimit;

const NAMES: &[&str] = &[
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

/// Reads `name=soft[:hard]`.
pub(crate) fn ulimit(text: &str) -> Result<Ulimit, String> {
    let (name, limits) = text.split_once('=').ok_or_else(|| format!("invalid ulimit argument: {text}"))?;
    if !NAMES.contains(&name) {
        return Err(format!("invalid ulimit type: {name}"));
    }
    let number =
        |text: &str| text.parse::<i64>().ok().filter(|n| *n >= -1).ok_or(format!("invalid ulimit value: {text}"));
    let (soft, hard) = limits.split_once(':').map_or((limits, None), |(soft, hard)| (soft, Some(hard)));
    let soft = number(soft)?;
    let hard = hard.map_or(Ok(soft), number)?;
    if hard != -1 && (soft == -1 || soft > hard) {
        return Err(format!("ulimit soft limit must be less than or equal to hard limit: {soft} > {hard}"));
    }
    Ok(Ulimit { name: name.to_owned(), hard, soft })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        let both = ulimit("nofile=10:20").unwrap();
        assert_eq!((both.soft, both.hard), (10, 20));
        assert_eq!(ulimit("core=0").unwrap().hard, 0);
        assert_eq!(ulimit("memlock=-1").unwrap().soft, -1);
        for bad in ["nofile", "x=1", "nofile=20:10", "nofile=a", "nofile=-1:5"] {
            assert!(ulimit(bad).is_err(), "{bad}");
        }
    }
}
