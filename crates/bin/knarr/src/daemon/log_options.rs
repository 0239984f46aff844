//! `--log-opt`: how containers' logs are rotated.

use anyhow::{Context as _, Result, bail};

/// What was said of containers' logs; none keeps the default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// A file is rotated above this many bytes.
    pub max_size: Option<u64>,
    /// Files kept.
    pub max_files: Option<u32>,
}

impl LogOptions {
    /// Reads `max-size=10m` and `max-file=3`.
    pub fn parse(pairs: &[String]) -> Result<Self> {
        let mut options = Self::default();
        for pair in pairs {
            let wrong = || format!("invalid log option {pair:?}");
            match pair.split_once('=') {
                Some(("max-size", text)) => options.max_size = Some(size(text).with_context(wrong)?),
                Some(("max-file", text)) => {
                    let files = text.parse().ok().filter(|files| *files > 0);
                    options.max_files = Some(files.context("expected a number from 1 up").with_context(wrong)?);
                }
                _ => bail!("{}: expected max-size=BYTES or max-file=NUMBER", wrong()),
            }
        }
        Ok(options)
    }
}

/// `10m`: bytes, with a unit of 1024.
fn size(text: &str) -> Result<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" => 10,
        "m" | "mb" => 20,
        "g" | "gb" => 30,
        unit => bail!("unknown unit {unit:?}"),
    };
    let number: u64 = digits.parse().with_context(|| format!("{digits:?} is no number"))?;
    number.checked_mul(1 << shift).context("too large")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_numbers_are_read() {
        let parse = |pairs: &[&str]| LogOptions::parse(&pairs.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>());
        let options = parse(&["max-size=10m", "max-file=3"]).unwrap();
        assert_eq!(options, LogOptions { max_size: Some(10 << 20), max_files: Some(3) });
        for wrong in ["max-size=x", "max-size=1y", "max-file=0", "compress=true", "max-size", "max-size=99999999999g"] {
            assert!(parse(&[wrong]).is_err(), "{wrong}");
        }
    }
}
