//! `--mount`.

use knarr_api::container::{BindOptions, Mount, TmpfsOptions, VolumeOptions};
use knarr_api::volume::DriverConfig;

use super::pairs::pair;
use super::size::size;

/// Reads `type=bind,source=/a,target=/b,readonly,…`.
pub(crate) fn mount(text: &str) -> Result<Mount, String> {
    let mut mount = Mount { kind: "volume".into(), ..Mount::default() };
    for field in fields(text)? {
        let (key, value) = match field.split_once('=') {
            Some((key, value)) => (key.trim().to_ascii_lowercase(), Some(value.trim())),
            None => (field.trim().to_ascii_lowercase(), None),
        };
        set(&mut mount, &key, value, &field)?;
    }
    check(&mount)?;
    Ok(mount)
}

fn set(mount: &mut Mount, key: &str, value: Option<&str>, field: &str) -> Result<(), String> {
    let bad = || format!("invalid value for {key}: {}", value.unwrap_or_default());
    let needed = || value.map(str::to_owned).ok_or_else(|| format!("invalid field '{field}' must be a key=value pair"));
    let truth = || match value {
        None | Some("true" | "1") => Ok(true),
        Some("false" | "0") => Ok(false),
        Some(_) => Err(bad()),
    };
    match key {
        "type" => mount.kind = needed()?.to_ascii_lowercase(),
        "source" | "src" => mount.source = needed()?,
        "target" | "dst" | "destination" => mount.target = needed()?,
        "readonly" | "ro" => mount.read_only = truth()?,
        "consistency" => mount.consistency = needed()?.to_ascii_lowercase(),
        "bind-propagation" => bind(mount).propagation = needed()?.to_ascii_lowercase(),
        "bind-nonrecursive" => bind(mount).non_recursive = truth()?,
        "bind-create-src" => bind(mount).create_mountpoint = truth()?,
        "bind-recursive" => match needed()?.as_str() {
            "enabled" => {}
            "disabled" => bind(mount).non_recursive = true,
            "writable" => bind(mount).read_only_non_recursive = true,
            "readonly" => bind(mount).read_only_force_recursive = true,
            _ => return Err(format!("{} (must be \"enabled\", \"disabled\", \"writable\", or \"readonly\")", bad())),
        },
        "volume-subpath" => volume(mount).subpath = needed()?,
        "volume-nocopy" => volume(mount).no_copy = truth()?,
        "volume-label" => volume(mount).labels.extend([pair(&needed()?)]),
        "volume-driver" => driver(mount).name = needed()?,
        "volume-opt" => driver(mount).options.extend([pair(&needed()?)]),
        "tmpfs-size" => tmpfs(mount).size_bytes = size(&needed()?).map_err(|_| bad())?,
        "tmpfs-mode" => tmpfs(mount).mode = u32::from_str_radix(&needed()?, 8).map_err(|_| bad())?,
        _ => return Err(needed().map_or_else(|e| e, |_| format!("unexpected key '{key}' in '{field}'"))),
    }
    Ok(())
}

fn bind(mount: &mut Mount) -> &mut BindOptions {
    mount.bind_options.get_or_insert_default()
}

fn volume(mount: &mut Mount) -> &mut VolumeOptions {
    mount.volume_options.get_or_insert_default()
}

fn driver(mount: &mut Mount) -> &mut DriverConfig {
    volume(mount).driver_config.get_or_insert_default()
}

fn tmpfs(mount: &mut Mount) -> &mut TmpfsOptions {
    mount.tmpfs_options.get_or_insert_default()
}

fn check(mount: &Mount) -> Result<(), String> {
    if mount.target.is_empty() {
        return Err("target is required".into());
    }
    for (there, kind, what) in [
        (mount.bind_options.is_some(), "bind", "bind-*"),
        (mount.volume_options.is_some(), "volume", "volume-*"),
        (mount.tmpfs_options.is_some(), "tmpfs", "tmpfs-*"),
    ] {
        if there && mount.kind != kind {
            return Err(format!("cannot mix '{what}' options with mount type '{}'", mount.kind));
        }
    }
    Ok(())
}

/// Fields of one line of CSV.
fn fields(text: &str) -> Result<Vec<String>, String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => out.last_mut().into_iter().for_each(|f| f.push('"')),
            '"' => quoted = !quoted,
            ',' if !quoted => out.push(String::new()),
            c => out.last_mut().into_iter().for_each(|f| f.push(c)),
        }
    }
    if quoted { Err(format!("invalid mount: unclosed quote: {text}")) } else { Ok(out) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts() {
        let bind = mount("type=bind,src=/a,dst=/b,readonly,bind-propagation=rslave").unwrap();
        assert_eq!(
            (bind.kind.as_str(), bind.source.as_str(), bind.target.as_str(), bind.read_only),
            ("bind", "/a", "/b", true)
        );
        assert_eq!(bind.bind_options.unwrap().propagation, "rslave");
        let volume = mount("source=v,target=/b,volume-nocopy,\"volume-opt=o=a,b\"").unwrap();
        assert_eq!(volume.kind, "volume");
        assert_eq!(volume.volume_options.unwrap().driver_config.unwrap().options["o"], "a,b");
        let tmpfs = mount("type=tmpfs,destination=/t,tmpfs-size=1m,tmpfs-mode=1777").unwrap().tmpfs_options.unwrap();
        assert_eq!((tmpfs.size_bytes, tmpfs.mode), (1 << 20, 0o1777));
    }

    #[test]
    fn wrong_mounts() {
        for (text, part) in [
            ("type=bind,src=/a", "target is required"),
            ("type=bind,dst=/a,nope=1", "unexpected key 'nope'"),
            ("type=tmpfs,dst=/a,bind-propagation=x", "cannot mix"),
            ("dst=/a,readonly=maybe", "invalid value for readonly"),
            ("type,dst=/a", "must be a key=value pair"),
        ] {
            assert!(mount(text).unwrap_err().contains(part), "{text}");
        }
    }
}
