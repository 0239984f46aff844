//! Sizes (`512m`, `1.5GiB`) and CPUs (`1.5`).

/// Bytes; the unit is one of `b k m g t p` (powers of 1024), with an optional `b` or `ib` behind it.
pub(crate) fn size(text: &str) -> Result<i64, String> {
    let invalid = || format!("invalid size: '{text}'");
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f64 = number.parse().map_err(|_| invalid())?;
    let unit = unit.trim_start().to_ascii_lowercase();
    let scale = match unit.strip_suffix("ib").or(unit.strip_suffix('b')).unwrap_or(&unit) {
        "" if unit == "ib" => return Err(invalid()),
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        _ => return Err(invalid()),
    };
    let bytes = number * 1024f64.powi(scale);
    if bytes < i64::MAX as f64 { Ok(bytes as i64) } else { Err(invalid()) }
}

/// The same, or `-1`.
pub(crate) fn size_or_unlimited(text: &str) -> Result<i64, String> {
    if text == "-1" { Ok(-1) } else { size(text) }
}

/// CPUs in 10^-9, at most nine digits behind the point.
pub(crate) fn cpus(text: &str) -> Result<i64, String> {
    let invalid = || format!("failed to parse {text} as a rational number");
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return Err(invalid());
    }
    if fraction.len() > 9 {
        return Err("value is too precise".into());
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| invalid())? };
    let nanos: i64 = format!("{fraction:0<9}").parse().map_err(|_| invalid())?;
    whole.checked_mul(1_000_000_000).and_then(|n| n.checked_add(nanos)).ok_or_else(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("0", 0),
            ("100", 100),
            ("100b", 100),
            ("1k", 1024),
            ("64KB", 65536),
            ("1.5m", 1_572_864),
            ("2GiB", 2 << 30),
            ("1t", 1 << 40),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for bad in ["", "m", "zz", "1x", "-1", "1kk", "1ib", "99999999999p", "1.2.3"] {
            assert!(size(bad).is_err(), "{bad}");
        }
        assert_eq!(size_or_unlimited("-1"), Ok(-1));
    }

    #[test]
    fn cpu_counts() {
        assert_eq!(cpus("1.5"), Ok(1_500_000_000));
        assert_eq!(cpus(".25"), Ok(250_000_000));
        assert_eq!(cpus("2"), Ok(2_000_000_000));
        for bad in ["", ".", "x", "-1", "1.0000000001", "1e3", "99999999999999"] {
            assert!(cpus(bad).is_err(), "{bad}");
        }
    }
}
