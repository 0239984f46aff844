//! `--ulimit`.

use knarr_api::container::Ulimit;
use knarr_model::check_ulimit;

/// Reads `name=soft[:hard]`.
pub(crate) fn ulimit(text: &str) -> Result<Ulimit, String> {
    let (name, limits) = text.split_once('=').ok_or_else(|| format!("invalid ulimit argument: {text}"))?;
    let number = |text: &str| text.parse::<i64>().ok().filter(|n| *n >= -1).ok_or(format!("invalid value: {text}"));
    let (soft, hard) = match limits.split(':').collect::<Vec<_>>()[..] {
        [both] => (number(both)?, number(both)?),
        [soft, hard] => (number(soft)?, number(hard)?),
        _ => return Err(format!("too many limit value arguments - {limits}, can only have up to two, `soft[:hard]`")),
    };
    check_ulimit(name, soft, hard).map_err(|error| error.to_string())?;
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
        for bad in ["nofile", "x=1", "nofile=20:10", "nofile=a", "nofile=-1:5", "nofile=1:2:3"] {
            assert!(ulimit(bad).is_err(), "{bad}");
        }
    }
}
