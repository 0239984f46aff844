//! Signals by name or number.

use knarr_model::{Fault, Result};

/// signal(7), in the order of their numbers on Linux from 1.
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
    "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
    "PWR", "SYS",
];

/// `SIGKILL`.
pub(crate) const KILL: u32 = 9;
/// `SIGTERM`.
pub(crate) const TERM: u32 = 15;

/// `9`, `KILL`, `SIGKILL`, `RTMIN+3`, `RTMAX-1` in any case.
pub(crate) fn parse(text: &str) -> Result<u32> {
    let invalid = || Fault::invalid(format!("invalid signal: {text}"));
    if let Ok(number) = text.parse::<u32>() {
        return if (1..=64).contains(&number) { Ok(number) } else { Err(invalid()) };
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    if let Some(index) = NAMES.iter().position(|known| *known == name) {
        return u32::try_from(index + 1).map_err(|_| invalid());
    }
    match name {
        "IOT" => Ok(6),
        "CLD" => Ok(17),
        "POLL" => Ok(29),
        _ => real_time(name).filter(|number| (34..=64).contains(number)).ok_or_else(invalid),
    }
}

fn real_time(name: &str) -> Option<u32> {
    let offset = |text: &str, sign: char| match text {
        "" => Some(0),
        text => text.strip_prefix(sign)?.parse::<u32>().ok(),
    };
    match (name.strip_prefix("RTMIN"), name.strip_prefix("RTMAX")) {
        (Some(rest), _) => 34u32.checked_add(offset(rest, '+')?),
        (_, Some(rest)) => 64u32.checked_sub(offset(rest, '-')?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_many_spellings() {
        for (text, number) in
            [("9", 9), ("kill", 9), ("SIGTERM", 15), ("SIGSYS", 31), ("RTMIN+3", 37), ("SIGRTMAX-1", 63)]
        {
            assert_eq!(parse(text).unwrap(), number, "{text}");
        }
        for bad in ["0", "65", "", "SIGNOPE", "RTMIN+99", "-1"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
