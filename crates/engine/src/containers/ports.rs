//! `80/tcp`: a port of a container.

use knarr_model::{Fault, Result};

/// Port number and protocol (`tcp`, `udp` or `sctp`; nothing is `tcp`).
pub(crate) fn parse(text: &str) -> Result<(u16, &str)> {
    let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    if !matches!(protocol, "tcp" | "udp" | "sctp") {
        return Err(Fault::invalid(format!("invalid port '{text}': unknown protocol {protocol:?}")));
    }
    match number.parse::<u16>() {
        Ok(number) if number > 0 => Ok((number, protocol)),
        _ => Err(Fault::invalid(format!("invalid port '{text}': must be 1 to 65535"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_have_a_number_and_a_protocol() {
        assert_eq!(parse("80").unwrap(), (80, "tcp"));
        assert_eq!(parse("53/udp").unwrap(), (53, "udp"));
        for bad in ["", "0/tcp", "65536", "80/xyz", "a"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
