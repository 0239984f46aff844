//! Row 15 (CVE-2016-3697, 2024-40635, 2026-46680): who a user is. A number is itself, whatever the image's passwd calls so; what is
//! neither a plain number nor a name of the image's is refused, never taken for root.
//!
//! Guards: `user::lookup` looks at digits before names, `user::database::id` takes decimal numbers up to 2^31-1 alone. Seen to fail with
//! names first: 1000 is root; with the standard library's reading of numbers: `+0` is root.

use std::fs::File;

use knarr_e2e::{Client, Host, base, probe};
use serde_json::json;

use crate::host;

const PASSWD: &str =
    "RUN printf 'root:x:0:0::/root:/bin/sh\\n1000:x:0:0::/root:/bin/sh\\nbob:x:7:8::/:/bin/sh\\n' > /etc/passwd";

/// Who is meant.
const PEOPLE: [(&str, &str); 8] = [
    ("1000", "1000 0"),
    ("bob", "7 8"),
    ("7", "7 8"),
    ("0", "0 0"),
    ("00", "0 0"),
    ("2147483647", "2147483647 0"),
    ("2147483647:2147483647", "2147483647 2147483647"),
    ("bob:9", "7 9"),
];

/// Nobody.
#[rustfmt::skip]
const NOBODY: [&str; 60] = [
    "4294967296", "4294967295", "2147483648", "18446744073709551615", "18446744073709551616", "99999999999999999999",
    "-1", "-0", "+0", "+1", "--0", "0x0", "0b1", "0o7", "1e3", "1.0", "0.", "1_000", "1,000", " 0", "0 ", "\t0", "0\t", "0\r",
    "nobody-of-ours", "root ", "Root", "ROOT", "r\u{f6}\u{f6}t", "\u{660}", "\u{ff10}", "0\u{200b}", "\u{feff}0",
    "0,0", "0;0", "0/0", "../root", "/root", "root/", "*", "?", "r*", "$(id)", "`id`", "~root", "%0", "#0", "'0'", "root\\0",
    "65536x", "x:x", "0:+0", "0:-1", "0:4294967296", "0:2147483648", "0:x", "bob:nogroup-of-ours", "0:0:0", ":x", "0: 0",
];

/// A host whose image `people` has a root by the name 1000.
fn people() -> (Host, Client) {
    let (host, knarr) = host();
    let built = probe::build(&host, "people", PASSWD).unwrap();
    assert_eq!(built.code, 0, "{built:?}");
    (host, knarr)
}

#[test]
fn a_number_is_itself_on_every_way_in() {
    let (host, _) = host();
    for (user, ids) in PEOPLE {
        let probe = probe::Probe {
            script: "echo $(id -u) $(id -g)",
            flags: &["--user", user],
            lines: &format!("{PASSWD}\nUSER {user}"),
        };
        for (way, output) in probe::everywhere(&host, &probe).unwrap() {
            assert_eq!(output, ids, "{way} {user}");
        }
    }
    host.finish().unwrap();
}

#[test]
fn run_and_exec_refuse_nobody() {
    let (host, knarr) = people();
    knarr.ok(&["run", "-d", "--name", "calm", "people", "sleep", "1000"]).unwrap();
    for user in NOBODY {
        let user = format!("--user={user}");
        let run = knarr.run(&["run", "--rm", &user, "people", "id", "-u"]).unwrap();
        assert!(run.code != 0 && run.stdout.is_empty(), "run {user:?}: {run:?}");
        let exec = knarr.run(&["exec", &user, "calm", "id", "-u"]).unwrap();
        assert!(exec.code == 126 && exec.stdout.starts_with("unable to find"), "exec {user:?}: {exec:?}");
    }
    host.finish().unwrap();
}

/// Those that a Dockerfile's own syntax leaves as they are.
#[test]
fn a_dockerfile_refuses_nobody() {
    let (host, _) = host();
    let special = |c: char| c.is_whitespace() || "$'\"\\`#".contains(c);
    let plain: Vec<&str> = NOBODY.into_iter().filter(|user| !user.contains(special)).collect();
    assert!(plain.len() > 45);
    for user in plain {
        let built = probe::build(&host, "nobody", &format!("{PASSWD}\nUSER {user}\nRUN id -u")).unwrap();
        let said = if user.starts_with("--") { "unknown flag" } else { "unable to find" };
        assert!(built.code != 0 && built.stderr.contains(said), "{user:?}: {built:?}");
    }
    host.finish().unwrap();
}

/// What an image's configuration says comes from anywhere.
#[test]
fn an_image_refuses_nobody() {
    let (host, knarr) = host();
    let archive = host.path().join("images.tar");
    write_images(&archive);
    knarr.ok(&["load", "-i", &archive.to_string_lossy()]).unwrap();
    for (number, user) in NOBODY.iter().enumerate() {
        let image = format!("nobody:{number}");
        assert_eq!(knarr.ok(&["inspect", "-f", "{{json .Config.User}}", &image]).unwrap(), json!(user).to_string());
        let run = knarr.run(&["run", "--rm", &image, "id", "-u"]).unwrap();
        assert!(run.code != 0 && run.stdout.is_empty(), "{user:?}: {run:?}");
    }
    host.finish().unwrap();
}

/// An archive with an image for each of [`NOBODY`], on one layer.
fn write_images(path: &std::path::Path) {
    let layer = base::busybox().unwrap();
    let sum = std::process::Command::new("sha256sum").arg(&layer).output().unwrap().stdout;
    let diff_id = format!("sha256:{}", String::from_utf8_lossy(&sum[..64]));
    let mut archive = tar::Builder::new(File::create(path).unwrap());
    archive.append_path_with_name(&layer, "layer.tar").unwrap();
    let mut add = |name: &str, content: &serde_json::Value| {
        let bytes = content.to_string().into_bytes();
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, bytes.as_slice()).unwrap();
    };
    let mut manifest = Vec::new();
    for (number, user) in NOBODY.iter().enumerate() {
        let config = format!("{number}.json");
        let path = "PATH=/bin:/usr/bin";
        let rootfs = json!({"type": "layers", "diff_ids": [diff_id]});
        add(
            &config,
            &json!({"architecture": "amd64", "os": "linux", "config": {"User": user, "Env": [path]}, "rootfs": rootfs}),
        );
        manifest.push(json!({"Config": config, "RepoTags": [format!("nobody:{number}")], "Layers": ["layer.tar"]}));
    }
    add("manifest.json", &json!(manifest));
    archive.finish().unwrap();
}
