//! `-p` and `--expose`.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use knarr_api::container::PortBinding;

/// One container port with one place on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Publication {
    /// `80/tcp`.
    pub(crate) port: String,
    /// Where on the host.
    pub(crate) ip: String,
    /// A number, a range, or empty for any.
    pub(crate) host_port: String,
}

impl Publication {
    /// The wire form.
    pub(crate) fn binding(&self) -> PortBinding {
        PortBinding { host_ip: self.ip.clone(), host_port: self.host_port.clone() }
    }
}

/// Reads `[[ip:][host-port[-end]]:]port[-end][/protocol]`, or `target=80,published=8080,protocol=tcp`.
pub(crate) fn publish(text: &str) -> Result<Vec<Publication>, String> {
    if text.contains('=') {
        return long_form(text);
    }
    let (ip, host, container) = split(text)?;
    let (container, protocol) = protocol(container)?;
    let ports = range(container).ok_or_else(|| match container {
        "" => format!("no port specified: {text}<empty>"),
        _ => format!("invalid containerPort: {container}"),
    })?;
    let hosts = match host {
        "" => None,
        host => Some(range(host).ok_or_else(|| format!("invalid hostPort: {host}"))?),
    };
    if !ip.is_empty() && ip.parse::<IpAddr>().is_err() {
        return Err(format!("invalid IP address: {ip}"));
    }
    let Some(hosts) = hosts else {
        return Ok(ports
            .map(|port| Publication { port: format!("{port}/{protocol}"), ip: ip.into(), host_port: "".into() })
            .collect());
    };
    if hosts.clone().count() == ports.clone().count() {
        let pairs = ports.zip(hosts);
        return Ok(pairs
            .map(|(port, host)| Publication {
                port: format!("{port}/{protocol}"),
                ip: ip.into(),
                host_port: host.to_string(),
            })
            .collect());
    }
    if ports.start() != ports.end() {
        return Err(format!("invalid ranges specified for container and host Ports: {container} and {host}"));
    }
    let port = format!("{}/{protocol}", ports.start());
    Ok(vec![Publication { port, ip: ip.into(), host_port: format!("{}-{}", hosts.start(), hosts.end()) }])
}

/// Reads `port[-end][/protocol]`.
pub(crate) fn expose(text: &str) -> Result<Vec<String>, String> {
    let (ports, protocol) = protocol(text)?;
    let ports = range(ports)
        .ok_or_else(|| format!("invalid range format for --expose: {text}: expected PORT or FIRST-LAST"))?;
    Ok(ports.map(|port| format!("{port}/{protocol}")).collect())
}

/// Address, host port and container port, the first two may be empty.
fn split(text: &str) -> Result<(&str, &str, &str), String> {
    if let Some(rest) = text.strip_prefix('[') {
        let (ip, rest) = rest.split_once("]:").ok_or_else(|| format!("invalid IP address: {text}"))?;
        let (host, container) = rest.split_once(':').unwrap_or(("", rest));
        return Ok((ip, host, container));
    }
    let Some((front, container)) = text.rsplit_once(':') else { return Ok(("", "", text)) };
    let (ip, host) = front.rsplit_once(':').unwrap_or(("", front));
    Ok((ip, host, container))
}

fn protocol(text: &str) -> Result<(&str, String), String> {
    let (port, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = protocol.to_ascii_lowercase();
    if ["tcp", "udp", "sctp"].contains(&protocol.as_str()) {
        Ok((port, protocol))
    } else {
        Err(format!("invalid proto: {protocol}"))
    }
}

fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let (start, end) = text.split_once('-').unwrap_or((text, text));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if !digits(start) || !digits(end) {
        return None;
    }
    let (start, end): (u16, u16) = (start.parse().ok()?, end.parse().ok()?);
    (start <= end).then_some(start..=end)
}

fn long_form(text: &str) -> Result<Vec<Publication>, String> {
    let mut fields: BTreeMap<&str, &str> = BTreeMap::new();
    for part in text.split(',') {
        let (key, value) = part.split_once('=').ok_or_else(|| format!("invalid field: {part}"))?;
        fields.insert(key.trim(), value.trim());
    }
    let mut take = |name| fields.remove(name).unwrap_or_default();
    let (target, published, protocol, _mode) = (take("target"), take("published"), take("protocol"), take("mode"));
    if let Some(key) = fields.keys().next() {
        return Err(format!("invalid field key: {key}"));
    }
    if target.is_empty() {
        return Err(format!("no port specified: {text}: target=… is missing"));
    }
    let protocol = if protocol.is_empty() { "tcp" } else { protocol };
    publish(&format!("{published}:{target}/{protocol}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str) -> String {
        let list = publish(text)
            .map(|list| list.iter().map(|p| format!("{}={}:{}", p.port, p.ip, p.host_port)).collect::<Vec<_>>());
        list.map_or_else(|e| e, |list| list.join(" "))
    }

    #[test]
    fn publications() {
        for (text, expected) in [
            ("80", "80/tcp=:"),
            ("8080:80", "80/tcp=:8080"),
            ("8080:80/udp", "80/udp=:8080"),
            ("127.0.0.1:8080:80", "80/tcp=127.0.0.1:8080"),
            ("127.0.0.1::80", "80/tcp=127.0.0.1:"),
            ("[::1]:8080:80", "80/tcp=::1:8080"),
            ("8000-8001:80-81", "80/tcp=:8000 81/tcp=:8001"),
            ("8000-8005:80", "80/tcp=:8000-8005"),
            ("80-81", "80/tcp=: 81/tcp=:"),
            ("target=80,published=8080,protocol=udp", "80/udp=:8080"),
            ("8000-8002:80-81", "invalid ranges specified for container and host Ports: 80-81 and 8000-8002"),
            ("99999:1", "invalid hostPort: 99999"),
            ("1:99999", "invalid containerPort: 99999"),
            ("1:x", "invalid containerPort: x"),
            ("80/xyz", "invalid proto: xyz"),
            ("1.2.3:80:80", "invalid IP address: 1.2.3"),
            ("", "no port specified: <empty>"),
            ("8080:", "no port specified: 8080:<empty>"),
            ("82-80", "invalid containerPort: 82-80"),
            ("published=1", "no port specified: published=1: target=… is missing"),
        ] {
            assert_eq!(show(text), expected, "{text}");
        }
    }

    #[test]
    fn exposed_ports() {
        assert_eq!(expose("80-81/udp").unwrap(), ["80/udp", "81/udp"]);
        assert!(expose("x").is_err());
    }
}
