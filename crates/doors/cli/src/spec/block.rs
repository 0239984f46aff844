//! `--device-read-bps`, `--blkio-weight-device` and kin: `/dev/sda:VALUE`.

use knarr_api::container::{ThrottleDevice, WeightDevice};

use super::size::size;

/// Bytes a second.
pub(crate) fn throttle_bps(text: &str) -> Result<ThrottleDevice, String> {
    let (path, rate) = split(text)?;
    let rate = size(rate).map_err(|_| {
        format!("invalid rate for device: {text}. The correct format is <device-path>:<number>[<unit>]")
    })?;
    Ok(ThrottleDevice { path, rate: rate as u64 })
}

/// Operations a second.
pub(crate) fn throttle_iops(text: &str) -> Result<ThrottleDevice, String> {
    let (path, rate) = split(text)?;
    let rate = rate
        .parse()
        .map_err(|_| format!("invalid rate for device: {text}. The correct format is <device-path>:<number>. Number must be a positive integer"))?;
    Ok(ThrottleDevice { path, rate })
}

/// A weight, 0 or 10 to 1000.
pub(crate) fn weight(text: &str) -> Result<WeightDevice, String> {
    let (path, weight) = split(text)?;
    match weight.parse::<u16>() {
        Ok(weight) if weight == 0 || (10..=1000).contains(&weight) => Ok(WeightDevice { path, weight }),
        _ => Err(format!("invalid weight for device: {text}")),
    }
}

fn split(text: &str) -> Result<(String, &str), String> {
    match text.split_once(':') {
        Some((path, value)) if path.starts_with("/dev/") => Ok((path.to_owned(), value)),
        Some(_) => Err(format!("bad format for device path: {text}")),
        None => Err(format!("bad format: {text}: expected <device-path>:<number>")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices() {
        assert_eq!(throttle_bps("/dev/sda:1mb").unwrap().rate, 1 << 20);
        assert_eq!(throttle_iops("/dev/sda:100").unwrap().rate, 100);
        assert_eq!(weight("/dev/sda:10").unwrap().weight, 10);
        assert!(throttle_iops("/dev/sda:1mb").is_err());
        assert!(weight("/dev/sda:5").is_err());
        assert!(throttle_bps("sda:1").is_err());
    }
}
