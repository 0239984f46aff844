//! A mount table: what is read of any bytes is read again when it is written as the kernel writes it, a table made of the
//! bytes comes back as it was, and the hierarchies found in one are mounts of it.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use arbitrary::{Result, Unstructured};
use knarr_cgroups::{Layout, Version};
use knarr_mounts::mountinfo::{Entry, parse};

pub fn run(data: &[u8]) {
    let found = parse(data);
    assert!(found.iter().all(|entry| entry.mount_point.is_absolute()), "{found:?}");
    assert_eq!(parse(&write(&found)), found);
    check_layout(&found, &String::from_utf8_lossy(data));
    if let Ok(made) = table(&mut Unstructured::new(data)) {
        assert_eq!(parse(&write(&made)), made);
        check_layout(&made, "2:cpu,cpuacct:/\n1:name=systemd:/\n0::/\n");
    }
}

fn table(bytes: &mut Unstructured<'_>) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        entries.push(Entry {
            id: bytes.arbitrary()?,
            parent: bytes.arbitrary()?,
            root: path(bytes)?.into(),
            mount_point: path(bytes)?.into(),
            options: "rw,noatime".to_owned(),
            tags: (0..bytes.int_in_range(0..=2)?).map(|number| format!("shared:{number}")).collect(),
            kind: (*bytes.choose(&["cgroup", "cgroup2", "overlay", "fuse.a b", "proc"])?).to_owned(),
            source: path(bytes)?,
            parameters: (*bytes.choose(&["rw", "rw,cpu,cpuacct", "rw,name=systemd", ""])?).to_owned(),
        });
    }
    Ok(entries)
}

/// Any bytes but zero, of which paths cannot have any.
fn path(bytes: &mut Unstructured<'_>) -> Result<OsString> {
    let length = bytes.int_in_range(0..=24)?.min(bytes.len());
    let name = bytes.bytes(length)?.iter().map(|byte| (*byte).max(1));
    Ok(OsString::from_vec(b"/".iter().copied().chain(name).collect()))
}

/// As the kernel does (`show_mountinfo`).
fn write(entries: &[Entry]) -> Vec<u8> {
    let mut table = Vec::new();
    for entry in entries {
        table.extend(format!("{} {} 0:5 ", entry.id, entry.parent).bytes());
        table.extend(escape(entry.root.as_os_str().as_bytes(), b" \t\n\\"));
        table.push(b' ');
        table.extend(escape(entry.mount_point.as_os_str().as_bytes(), b" \t\n\\"));
        table.extend(format!(" {}", entry.options).bytes());
        entry.tags.iter().for_each(|tag| table.extend(format!(" {tag}").bytes()));
        table.extend(b" - ");
        table.extend(escape(entry.kind.as_bytes(), b" \t\n\\#"));
        table.push(b' ');
        table.extend(escape(entry.source.as_bytes(), b" \t\n\\#"));
        table.extend(format!(" {}\n", entry.parameters).bytes());
    }
    table
}

fn escape(bytes: &[u8], special: &[u8]) -> Vec<u8> {
    let one = |byte: &u8| match special.contains(byte) {
        true => format!("\\{byte:03o}").into_bytes(),
        false => vec![*byte],
    };
    bytes.iter().flat_map(one).collect()
}

fn check_layout(entries: &[Entry], own: &str) {
    let layout = Layout::parse(entries, own, |_| Ok("cpu memory\n".to_owned())).expect("nothing fails here");
    for hierarchy in &layout.hierarchies {
        let kind = if hierarchy.version == Version::V1 { "cgroup" } else { "cgroup2" };
        assert!(entries.iter().any(|entry| entry.kind == kind && entry.mount_point == hierarchy.mount));
        assert!(hierarchy.version == Version::V2 || !hierarchy.controllers.is_empty());
    }
    let unified = layout.hierarchies.iter().filter(|hierarchy| hierarchy.version == Version::V2).count();
    assert_eq!(unified, usize::from(entries.iter().any(|entry| entry.kind == "cgroup2")), "one unified tree");
}
