//! Flaw rows 27, 56 to 60 from outside: the corpus of hostile archives through every door of one daemon. It is one unpacker
//! that they all use: what became of each archive inside is looked at in `crates/rooms/layers/tests/hostile`.

mod doors;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use doors::{DOORS, Meaning, World};
use knarr_hostile_archives::{Case, Outcome, corpus};

/// Everything that a hostile archive may have reached: what is beside the daemon's folders, and above them.
fn canaries(outside: &Path) -> BTreeMap<PathBuf, String> {
    let mut seen = BTreeMap::new();
    for path in ["/", "/etc", "/tmp/canary", "/canary", "/new", "/outside"] {
        seen.insert(
            path.into(),
            format!("{:?}", fs::symlink_metadata(path).map(|meta| (meta.len(), meta.modified().ok())).ok()),
        );
    }
    for entry in fs::read_dir(outside).unwrap() {
        let path = entry.unwrap().path();
        seen.insert(path.clone(), fs::read_to_string(&path).unwrap());
    }
    seen
}

/// Folders of the daemon's own, of which nothing may be written by a member's name.
fn strays(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let unpacked = ["fs", "upper", "work", "_data", "blobs"].contains(&name.as_str());
        if ["canary", "new", "outside", "h"].contains(&name.as_str()) {
            found.push(path);
        } else if path.is_dir() && !path.is_symlink() && !unpacked {
            strays(&path, found);
        }
    }
}

#[test]
fn no_archive_leaves_its_root_through_any_door() {
    let world = World::start().unwrap();
    let outside = world.host.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("canary"), "sings").unwrap();
    let before = canaries(&outside);
    let cases = corpus(&outside);
    assert!(cases.len() >= 200);
    let descriptors = || fs::read_dir(format!("/proc/{}/fd", world.host.pid())).unwrap().count();
    let mut wrong = Vec::new();
    for door in DOORS {
        let files = descriptors();
        for (n, case) in cases.iter().enumerate().filter(|(n, case)| n % door.every == 0 || is_bomb(case)) {
            let done = (door.open)(&world, n, case);
            wrong
                .extend(differs(&done, case, door.meaning).map(|what| format!("{}: {}: {what}", door.name, case.name)));
            assert_eq!(canaries(&outside), before, "{}: {}: the canary changed", door.name, case.name);
        }
        // A few connections wait for their next use.
        assert!(descriptors() < files + 20, "{}: {files} descriptors became {}", door.name, descriptors());
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let mut found = Vec::new();
    strays(&world.host.data_root(), &mut found);
    assert!(found.is_empty(), "{found:?}");
    assert_eq!(world.rest().unwrap(), Vec::<PathBuf>::new(), "what stays of what was removed or refused");
    world.finish().unwrap();
}

/// Goes through every door.
fn is_bomb(case: &Case) -> bool {
    ["terabyte", "window", "dictionary", "without end", "1500 deep"].iter().any(|word| case.name.contains(word))
}

/// What is wrong with an answer.
fn differs(done: &Result<(), String>, case: &Case, meaning: Meaning) -> Option<String> {
    let expected = match meaning {
        Meaning::Layer => &case.layer,
        Meaning::Files => &case.live,
        Meaning::Nothing => &Outcome::Refused(""),
    };
    match (done, expected) {
        (Ok(()), Outcome::Refused(_)) => Some("it was taken".to_owned()),
        (Err(error), Outcome::Makes(_)) => Some(error.clone()),
        (Err(error), _) if error.is_empty() || error.contains("panic") => Some(format!("{error:?} is no reason")),
        _ => None,
    }
}
