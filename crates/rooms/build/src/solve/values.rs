//! Values that instructions check: ports and signals.

/// The signals that a name may stand for.
const SIGNALS: [&str; 33] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "IOT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
    "TERM", "STKFLT", "CHLD", "CLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
    "WINCH", "IO", "PWR", "SYS",
];

/// `80`, `80/udp`, `8000-8010/tcp`: the ports as the image config names them.
pub(super) fn ports(text: &str) -> Result<Vec<String>, String> {
    let bad = || format!("invalid port {text:?}: must be port[/protocol] or first-last[/protocol]");
    // Addresses and host ports have no meaning here; Docker passes over them, too.
    let wanted = text.rsplit(':').next().unwrap_or(text);
    let (range, protocol) = wanted.split_once('/').unwrap_or((wanted, "tcp"));
    let protocol = protocol.to_ascii_lowercase();
    if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
        return Err(format!("invalid port {text:?}: the protocol must be tcp, udp or sctp"));
    }
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u16>().ok()).flatten();
    let (first, last) = (number(first).ok_or_else(bad)?, number(last).ok_or_else(bad)?);
    if first == 0 || first > last {
        return Err(bad());
    }
    Ok((first..=last).map(|port| format!("{port}/{protocol}")).collect())
}

/// A signal's name or number, as written.
pub(super) fn signal(text: &str) -> Result<String, String> {
    let name = text.to_ascii_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    let real_time = ["RTMIN", "RTMAX"].iter().any(|base| name.strip_prefix(base).is_some_and(is_offset));
    let number = text.parse::<u8>().is_ok_and(|number| (1..=64).contains(&number));
    match number || real_time || SIGNALS.contains(&name) {
        true => Ok(text.to_owned()),
        false => Err(format!("invalid signal {text:?}")),
    }
}

fn is_offset(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(['+', '-']).is_some_and(|digits| digits.parse::<u8>().is_ok_and(|n| n <= 30))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_checked() {
        assert_eq!(ports("80").unwrap(), ["80/tcp"]);
        assert_eq!(ports("127.0.0.1:1:80/udp").unwrap(), ["80/udp"]);
        assert_eq!(ports("5000-5002/UDP").unwrap(), ["5000/udp", "5001/udp", "5002/udp"]);
        for bad in ["", "0", "65536", "90-80", "a", "80/xyz", "+80", "80:", "-", "1-2-3"] {
            assert!(ports(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn signals_are_checked() {
        for good in ["SIGTERM", "quit", "9", "64", "SIGRTMIN+3"] {
            assert!(signal(good).is_ok(), "{good}");
        }
        for bad in ["", "0", "65", "SIGNOPE", "-9", "SIGRTMIN+99"] {
            assert!(signal(bad).is_err(), "{bad}");
        }
    }
}
