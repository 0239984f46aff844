//! `HEALTHCHECK`, with Go's durations.

use super::instruction::{Arguments, json};
use super::lines::At;
use super::{Command, Healthcheck, Problem};

const FLAGS: [&str; 5] = ["interval", "timeout", "start-period", "start-interval", "retries"];
/// The shortest time the engine can keep, in nanoseconds.
const SHORTEST: i64 = 1_000_000;

/// Parses `HEALTHCHECK NONE` and `HEALTHCHECK [flags] CMD …`.
pub(super) fn healthcheck(arguments: &mut Arguments<'_>) -> At<Healthcheck> {
    let check = Healthcheck {
        command: None,
        interval: time(arguments, "interval")?,
        timeout: time(arguments, "timeout")?,
        start_period: time(arguments, "start-period")?,
        start_interval: time(arguments, "start-interval")?,
        retries: retries(arguments)?,
    };
    arguments.flags.end(&FLAGS)?;
    let rest = arguments.rest();
    let (kind, command) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    match kind.to_ascii_uppercase().as_str() {
        "NONE" if !command.is_empty() => arguments.expected("NONE takes no arguments"),
        "NONE" if check != Healthcheck::default() => arguments.expected("NONE takes no flags"),
        "NONE" => Ok(check),
        "CMD" if command.trim().is_empty() => arguments.expected("CMD requires a command"),
        "CMD" => {
            let command = command.trim();
            let list = json(command).map_err(|()| (arguments.line.at(0), Problem::NotStrings("HEALTHCHECK")))?;
            let command = list.map_or_else(|| Command::Shell(command.to_owned()), Command::Exec);
            Ok(Healthcheck { command: Some(command), ..check })
        }
        "" => arguments.expected("requires at least one argument: NONE or CMD"),
        _ => arguments.expected("must be followed by NONE or CMD"),
    }
}

fn time(arguments: &mut Arguments<'_>, flag: &'static str) -> At<i64> {
    let Some((at, value)) = arguments.flags.placed(flag)? else { return Ok(0) };
    let bad = |reason| Err((at, Problem::FlagValue { flag: flag.to_owned(), value: value.clone(), reason }));
    match duration(&value) {
        None => bad("must be a duration like 30s or 1m30s"),
        Some(time) if time < 0 || (time > 0 && time < SHORTEST) => bad("cannot be less than 1ms"),
        Some(time) => Ok(time),
    }
}

fn retries(arguments: &mut Arguments<'_>) -> At<i64> {
    let Some((at, value)) = arguments.flags.placed("retries")? else { return Ok(0) };
    let reason = "must be a count, and cannot be negative";
    let count = value.parse::<u32>().map(i64::from);
    count.map_err(|_| (at, Problem::FlagValue { flag: "retries".into(), value, reason }))
}

/// Go's `time.ParseDuration` in nanoseconds: a sign, then numbers with units, as in `1h15m30.5s`.
fn duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    match rest {
        "" => return None,
        "0" => return Some(0),
        _ => {}
    }
    let mut total: f64 = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        let unit_end =
            rest[digits..].find(|c: char| c.is_ascii_digit() || c == '.').map_or(rest.len(), |at| digits + at);
        total += number * unit(&rest[digits..unit_end])?;
        rest = &rest[unit_end..];
    }
    let valid = total.is_finite() && total < i64::MAX as f64;
    valid.then_some(if negative { -(total as i64) } else { total as i64 })
}

fn unit(name: &str) -> Option<f64> {
    Some(match name {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3600e9,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_gos() {
        assert_eq!(duration("1m30s"), Some(90_000_000_000));
        assert_eq!(duration("1.5h"), Some(5_400_000_000_000));
        assert_eq!(duration("250ms"), Some(250_000_000));
        assert_eq!(duration("-1s"), Some(-1_000_000_000));
        assert_eq!(duration("0"), Some(0));
        for bad in ["", "-", "5", "s", "1x", "..s", "99999999999999999999h"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}
