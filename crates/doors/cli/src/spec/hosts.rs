//! `--add-host`.

use std::net::IpAddr;

/// Reads `name:address` or `name=address`; the address may be `host-gateway`. Returns `name:address`.
pub(crate) fn extra_host(text: &str) -> Result<String, String> {
    let bad = || format!("bad format for add-host: {text:?}: expected name:address");
    let at = text.find(['=', ':']).ok_or_else(bad)?;
    let (name, address) = (&text[..at], &text[at + 1..]);
    let address = address.strip_prefix('[').and_then(|a| a.strip_suffix(']')).unwrap_or(address);
    if name.is_empty() {
        return Err(bad());
    }
    if address != "host-gateway" && address.parse::<IpAddr>().is_err() {
        return Err(format!("invalid IP address in add-host: {address:?}"));
    }
    Ok(format!("{name}:{address}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        assert_eq!(extra_host("db:10.0.0.1").unwrap(), "db:10.0.0.1");
        assert_eq!(extra_host("db=[::1]").unwrap(), "db:::1");
        assert_eq!(extra_host("h:host-gateway").unwrap(), "h:host-gateway");
        for bad in ["db", ":1.2.3.4", "db:x"] {
            assert!(extra_host(bad).is_err(), "{bad}");
        }
    }
}
