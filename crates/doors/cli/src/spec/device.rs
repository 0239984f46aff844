//! `--device`.

use knarr_api::container::DeviceMapping;

/// What one `--device` means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Device {
    /// A host path.
    Path(DeviceMapping),
    /// A name of the container device interface, `vendor.com/class=name`.
    Cdi(String),
}

/// Reads `/dev/a[:/dev/b][:rwm]` or a CDI name.
pub(crate) fn device(text: &str) -> Result<Device, String> {
    if !text.starts_with('/') && text.split_once('=').is_some_and(|(kind, _)| kind.contains('/')) {
        return Ok(Device::Cdi(text.to_owned()));
    }
    let parts: Vec<&str> = text.split(':').collect();
    let is_mode = |part: &str| !part.is_empty() && part.chars().all(|c| "rwm".contains(c));
    let (host, container, mode) = match parts.as_slice() {
        [host] => (*host, *host, "rwm"),
        [host, mode] if is_mode(mode) => (*host, *host, *mode),
        [host, container] => (*host, *container, "rwm"),
        [host, container, mode] if is_mode(mode) => (*host, *container, *mode),
        [_, _, mode] => return Err(format!("bad mode specified: {mode}")),
        _ => return Err(format!("invalid device specification: {text}")),
    };
    if !host.starts_with('/') || !container.starts_with('/') {
        return Err(format!("{text} is not an absolute path"));
    }
    Ok(Device::Path(DeviceMapping {
        path_on_host: host.to_owned(),
        path_in_container: container.to_owned(),
        cgroup_permissions: mode.to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str) -> String {
        match device(text) {
            Ok(Device::Path(d)) => format!("{} {} {}", d.path_on_host, d.path_in_container, d.cgroup_permissions),
            Ok(Device::Cdi(name)) => format!("cdi {name}"),
            Err(reason) => reason,
        }
    }

    #[test]
    fn devices() {
        for (text, expected) in [
            ("/dev/fuse", "/dev/fuse /dev/fuse rwm"),
            ("/dev/a:r", "/dev/a /dev/a r"),
            ("/dev/a:/dev/b:rw", "/dev/a /dev/b rw"),
            ("vendor.com/gpu=0", "cdi vendor.com/gpu=0"),
            ("/dev/a:/dev/b:x", "bad mode specified: x"),
            ("fuse", "fuse is not an absolute path"),
        ] {
            assert_eq!(show(text), expected);
        }
    }
}
