//! What containers say is kept whole: over rotations, kills of the daemon, and clients that stop reading.

use std::process::Stdio;
use std::time::Duration;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host, Running, wait_for};
use rustix::process::Signal;

fn host() -> (Host, Client) {
    let host = Host::start().unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, "busybox").unwrap();
    (host, knarr)
}

/// The numbers that a text consists of, one a line.
fn numbers(text: &str) -> Vec<u32> {
    text.lines().map(|line| line.parse().unwrap_or_else(|_| panic!("{line:?} is no number"))).collect()
}

#[test]
fn a_million_lines_outlive_daemons_that_are_killed() {
    let (mut host, knarr) = host();
    let script = "for part in 0 1 2 3 4; do seq $((part*200000+1)) $((part*200000+200000)); sleep 1; done";
    knarr.ok(&["run", "-d", "--name", "talks", "--log-opt", "max-size=200m", "busybox", "sh", "-c", script]).unwrap();
    for _ in 0..3 {
        assert_eq!(knarr.ok(&["inspect", "-f", "{{.State.Running}}", "talks"]).unwrap(), "true");
        host.kill_daemon().unwrap();
        host.resume().unwrap();
    }
    assert_eq!(knarr.ok(&["wait", "talks"]).unwrap(), "0");
    let found = numbers(&knarr.ok(&["logs", "talks"]).unwrap());
    assert!(found.into_iter().eq(1..=1_000_000), "a line is missing, doubled or out of order");
    host.finish().unwrap();
}

#[test]
fn rotated_files_are_one_log() {
    let (host, knarr) = host();
    for driver in ["json-file", "local"] {
        let options = ["--log-driver", driver, "--log-opt", "max-size=4k", "--log-opt", "max-file=3"];
        let run = [&["run", "--name", driver], &options[..], &["busybox", "seq", "1", "1000"]].concat();
        knarr.ok(&run).unwrap();
        let all = numbers(&knarr.ok(&["logs", driver]).unwrap());
        let most = if driver == "local" { 800 } else { 200 };
        assert!(all.len() > 60 && all.len() < most, "three files of 4 KiB hold {} lines", all.len());
        assert!(all.iter().copied().eq(all[0]..=1000), "{all:?}");
        let tail = numbers(&knarr.ok(&["logs", "--tail", "60", driver]).unwrap());
        assert_eq!(tail, all[all.len() - 60..], "{driver}: the last lines, from two files");
        let stamped = knarr.ok(&["logs", "-t", driver]).unwrap();
        let (time, _) = stamped.lines().nth(10).unwrap().split_once(' ').unwrap();
        let since = numbers(&knarr.ok(&["logs", "--since", time, driver]).unwrap());
        assert!(all.ends_with(&since) && since.len() >= all.len() - 10, "{since:?}");
        let files = std::fs::read_dir(host.data_root().join("containers")).unwrap().count();
        assert_eq!(files, 1);
        knarr.ok(&["rm", driver]).unwrap();
    }
    host.finish().unwrap();
}

#[test]
fn a_follower_that_stops_reading_holds_nobody_back_and_misses_nothing() {
    let (host, knarr) = host();
    let script = "read go; seq 1 100000";
    let options = ["--log-opt", "max-size=100k", "--log-opt", "max-file=1000"];
    knarr.ok(&[&["run", "-di", "--name", "talks"], &options[..], &["busybox", "sh", "-c", script]].concat()).unwrap();
    let seen = std::fs::File::create(host.path().join("seen")).unwrap();
    let mut follow = knarr.command(&["logs", "-f", "talks"]);
    let mut follower = Running::start(follow.stdout(seen).stderr(Stdio::null())).unwrap();
    follower.signal(Signal::STOP).unwrap();
    let go = format!(
        "echo | {} --host unix://{} attach talks",
        knarr_e2e::knarr_binary().display(),
        host.socket().display()
    );
    let attached = std::process::Command::new("sh").args(["-c", &go]).stdout(Stdio::null()).status().unwrap();
    assert!(attached.success());
    assert_eq!(knarr.ok(&["wait", "talks"]).unwrap(), "0");
    follower.signal(Signal::CONT).unwrap();
    wait_for("the follower ends", Duration::from_secs(60), || follower.ended().unwrap().is_some()).unwrap();
    let found = numbers(&std::fs::read_to_string(host.path().join("seen")).unwrap());
    assert!(found.into_iter().eq(1..=100_000), "a line is missing, doubled or out of order");
    host.finish().unwrap();
}

#[test]
fn drivers_are_refused_in_dockers_words() {
    let (host, knarr) = host();
    let said = knarr.fails(&["run", "--log-driver", "carrier-pigeon", "busybox", "true"]).unwrap().stderr;
    assert!(said.contains("logger: no log driver named 'carrier-pigeon' is registered"), "{said}");
    knarr.ok(&["run", "--name", "quiet", "--log-driver", "none", "busybox", "echo", "unheard"]).unwrap();
    let said = knarr.fails(&["logs", "quiet"]).unwrap().stderr;
    assert!(said.contains("configured logging driver does not support reading"), "{said}");
    host.finish().unwrap();
}

/// Bytes that are no text, both streams, a line that is too long for one record and one that never ends: `local` keeps them as they are.
#[test]
fn local_keeps_what_came_and_in_less_room() {
    let (mut host, knarr) = host();
    let script = "printf 'a\\377b\\0c\\n'; echo wrong >&2; head -c 40000 /dev/zero | tr '\\0' x; echo; read go; seq 1 2000; printf end; read go";
    for driver in ["json-file", "local"] {
        knarr.ok(&["run", "-di", "--name", driver, "--log-driver", driver, "busybox", "sh", "-c", script]).unwrap();
    }
    let logs = |words: &[&str]| {
        let output = knarr.command(&[&["logs"], words, &["local"]].concat()).output().unwrap();
        (output.stdout, output.stderr)
    };
    let begun = [&b"a\xffb\0c\n"[..], &[b'x'; 40000], b"\n"].concat();
    wait_for("it has spoken", Duration::from_secs(20), || logs(&[]) == (begun.clone(), b"wrong\n".to_vec())).unwrap();
    host.kill_daemon().unwrap();
    host.resume().unwrap();
    let followed = host.path().join("followed");
    let mut follow = knarr.command(&["logs", "-f", "--tail", "1", "local"]);
    let mut follower =
        Running::start(follow.stdout(std::fs::File::create(&followed).unwrap()).stderr(Stdio::null())).unwrap();
    let last = "x".repeat(40000 - 2 * (16 << 10)) + "\n";
    let seen = || std::fs::read_to_string(&followed).unwrap();
    wait_for("it follows", Duration::from_secs(20), || seen() == last).unwrap();
    for driver in ["json-file", "local"] {
        let knarr_path = knarr_e2e::knarr_binary();
        let go = format!(
            "printf '\\n\\n' | {} --host unix://{} attach {driver}",
            knarr_path.display(),
            host.socket().display()
        );
        std::process::Command::new("sh")
            .args(["-c", &go])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert_eq!(knarr.ok(&["wait", driver]).unwrap(), "0");
    }
    wait_for("the follower ends", Duration::from_secs(20), || follower.ended().unwrap().is_some()).unwrap();
    let later: String = (1..=2000).map(|number| format!("{number}\n")).collect::<String>() + "end";
    assert_eq!(seen(), last + &later, "what came while it was followed");
    assert_eq!(logs(&["--tail", "3"]).0, b"1999\n2000\nend");
    assert_eq!(logs(&[]).0, [&begun[..], later.as_bytes()].concat());
    let stamped = String::from_utf8(logs(&["-t", "--tail", "2"]).0).unwrap();
    let (time, line) = stamped.lines().next().unwrap().split_once(' ').unwrap();
    assert!(line == "2000" && time.len() == "2026-11-22T13:30:00.000000001Z".len(), "{stamped}");
    assert!(logs(&["--until", time]).0.starts_with(&begun));
    let size = |driver: &str, name: &str| {
        let id = knarr.ok(&["inspect", "-f", "{{.Id}}", driver]).unwrap();
        std::fs::metadata(host.data_root().join("containers").join(id).join("log").join(name)).unwrap().len()
    };
    let (small, large) = (size("local", "local.log"), size("json-file", "json.log"));
    assert!(small * 3 / 2 < large, "{small} and {large} bytes");
    assert_eq!(knarr.ok(&["inspect", "-f", "{{.LogPath}}", "local"]).unwrap(), "");
    host.finish().unwrap();
}
