//! The columns of `ps`.

use std::collections::BTreeMap;

use knarr_api::container::{Port, Summary};
use serde_json::Value;

use crate::output::{Row, clock, short_size, since};
use crate::template::quote;

/// Columns and their heads.
pub(super) const HEADS: &[(&str, &str)] = &[
    ("ID", "CONTAINER ID"),
    ("Image", "IMAGE"),
    ("Command", "COMMAND"),
    ("CreatedAt", "CREATED AT"),
    ("RunningFor", "CREATED"),
    ("Ports", "PORTS"),
    ("State", "STATE"),
    ("Status", "STATUS"),
    ("Size", "SIZE"),
    ("Names", "NAMES"),
    ("Labels", "LABELS"),
    ("Mounts", "MOUNTS"),
    ("LocalVolumes", "LOCAL VOLUMES"),
    ("Networks", "NETWORKS"),
    ("Platform", "PLATFORM"),
];

/// One container's columns.
pub(super) fn row(summary: &Summary, whole: bool) -> Row {
    let columns = [
        ("ID", if whole { summary.id.clone() } else { short_id(&summary.id) }),
        ("Image", image(summary, whole)),
        ("Command", quote(&if whole { summary.command.clone() } else { shorten(&summary.command, 20) })),
        ("CreatedAt", clock(summary.created)),
        ("RunningFor", since(summary.created)),
        ("Ports", ports(&summary.ports)),
        ("State", summary.state.clone()),
        ("Status", summary.status.clone()),
        ("Size", size(summary)),
        ("Names", names(&summary.names, whole)),
        ("Labels", labels(&summary.labels)),
        ("Mounts", mounts(summary, whole)),
        ("LocalVolumes", summary.mounts.iter().filter(|m| m.driver == "local").count().to_string()),
        ("Networks", summary.network_settings.networks.keys().cloned().collect::<Vec<_>>().join(",")),
    ];
    let columns = columns.into_iter().map(|(name, text)| (name.to_owned(), Value::String(text)));
    let row: Row = columns.chain([("Platform".to_owned(), Value::Null)]).collect();
    row.with_labels(&summary.labels)
}

/// The first twelve digits, without `sha256:`.
pub(super) fn short_id(id: &str) -> String {
    id.strip_prefix("sha256:").unwrap_or(id).chars().take(12).collect()
}

/// At most `width` characters, the last of them `…` where it was cut.
pub(super) fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}

/// `a=b,c=d`.
pub(super) fn labels(labels: &BTreeMap<String, String>) -> String {
    labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")
}

fn image(summary: &Summary, whole: bool) -> String {
    match summary.image.as_str() {
        "" => "<no image>".into(),
        image if whole => image.to_owned(),
        image if short_id(image) == short_id(&summary.image_id) => short_id(image),
        image => image.split('@').next().unwrap_or(image).to_owned(),
    }
}

fn names(names: &[String], whole: bool) -> String {
    let bare = names.iter().map(|name| name.strip_prefix('/').unwrap_or(name));
    // A name with a slash in it is a link's.
    bare.filter(|name| whole || !name.contains('/')).collect::<Vec<_>>().join(",")
}

fn mounts(summary: &Summary, whole: bool) -> String {
    let name = |m: &knarr_api::container::MountPoint| if m.name.is_empty() { m.source.clone() } else { m.name.clone() };
    let names = summary.mounts.iter().map(name);
    names.map(|name| if whole { name } else { shorten(&name, 15) }).collect::<Vec<_>>().join(",")
}

fn size(summary: &Summary) -> String {
    let written = short_size(summary.size_rw.unwrap_or_default() as f64);
    match summary.size_root_fs.unwrap_or_default() {
        0 => written,
        all => format!("{written} (virtual {})", short_size(all as f64)),
    }
}

/// Neighbouring ports are joined to ranges where host and container agree.
fn ports(ports: &[Port]) -> String {
    let mut sorted: Vec<&Port> = ports.iter().collect();
    sorted.sort_by_key(|p| (p.private_port, p.ip.clone(), p.public_port, p.kind.clone()));
    let mut open: Vec<((String, String), (u16, u16))> = Vec::new();
    let (mut done, mut mapped) = (Vec::new(), Vec::new());
    for port in sorted {
        if !port.ip.is_empty() && port.public_port != port.private_port {
            mapped.push(format!("{}:{}->{}/{}", address(&port.ip), port.public_port, port.private_port, port.kind));
            continue;
        }
        let key = (port.ip.clone(), port.kind.clone());
        match open.iter_mut().find(|(known, _)| *known == key) {
            Some((_, (_, last))) if last.checked_add(1) == Some(port.private_port) => *last = port.private_port,
            Some((_, range)) => {
                done.push(group(&key, *range));
                *range = (port.private_port, port.private_port);
            }
            None => open.push((key, (port.private_port, port.private_port))),
        }
    }
    done.extend(open.iter().map(|(key, range)| group(key, *range)));
    done.extend(mapped);
    done.join(", ")
}

fn group((ip, kind): &(String, String), (first, last): (u16, u16)) -> String {
    let range = if first == last { first.to_string() } else { format!("{first}-{last}") };
    match ip.as_str() {
        "" => format!("{range}/{kind}"),
        ip => format!("{}:{range}->{range}/{kind}", address(ip)),
    }
}

fn address(ip: &str) -> String {
    if ip.contains(':') { format!("[{ip}]") } else { ip.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(ip: &str, private_port: u16, public_port: u16) -> Port {
        Port { ip: ip.into(), private_port, public_port, kind: "tcp".into() }
    }

    #[test]
    fn ports_are_grouped() {
        let list = [port("", 80, 0), port("", 81, 0), port("", 443, 0)];
        assert_eq!(ports(&list), "80-81/tcp, 443/tcp");
        let list = [port("0.0.0.0", 80, 8080), port("::", 80, 8080), port("0.0.0.0", 90, 90), port("0.0.0.0", 91, 91)];
        assert_eq!(ports(&list), "0.0.0.0:90-91->90-91/tcp, 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp");
    }

    #[test]
    fn a_row_is_dockers() {
        let text = r#"{"Id":"0123456789abcdef","Names":["/web"],"Image":"nginx@sha256:aa","ImageID":"sha256:ffff",
            "Command":"nginx -g 'daemon off;' --more","Created":0,"State":"running","Status":"Up","Labels":{"a":"b"},
            "Mounts":[{"Type":"volume","Name":"a-volume-with-a-long-name","Driver":"local"}]}"#;
        let row = row(&serde_json::from_str(text).unwrap(), false);
        for (name, expected) in [
            ("ID", "0123456789ab"),
            ("Image", "nginx"),
            ("Command", "\"nginx -g 'daemon of…\""),
            ("Names", "web"),
            ("Labels", "a=b"),
            ("Mounts", "a-volume-with-…"),
            ("LocalVolumes", "1"),
            ("Size", "0B"),
        ] {
            assert_eq!(row.column(name), expected);
        }
    }
}
