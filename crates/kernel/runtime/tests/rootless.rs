//! Containers made by a user who is not root.

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use knarr_runtime_cases::Bundle;
use serde_json::{Value, json};
use support::{PROGRAM, ours};

const USER: u32 = 54_321;

/// A bundle of [`USER`]'s, with the runtime beside it.
struct Home(Bundle<'static>);

impl Home {
    fn new(script: &str) -> Self {
        let mut bundle = ours().shell(script);
        bundle.retain("/mounts", |mount| !mount["destination"].as_str().is_some_and(|place| place.starts_with("/sys")));
        for mount in bundle["mounts"].as_array_mut().unwrap() {
            if let Some(options) = mount["options"].as_array_mut() {
                options.retain(|option| !option.as_str().unwrap().starts_with("gid="));
            }
        }
        bundle.remove("/linux/cgroupsPath");
        bundle.remove("/linux/resources");
        bundle.namespace("user", None);
        let own = json!([{ "containerID": 0, "hostID": USER, "size": 1 }]);
        bundle.set("/linux/uidMappings", own.clone());
        bundle.set("/linux/gidMappings", own);
        fs::set_permissions(bundle.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::copy(PROGRAM, bundle.path().join("runtime")).unwrap();
        let _ = bundle.command(&[]);
        give(bundle.path());
        Self(bundle)
    }

    fn command(&self, words: &[&str]) -> Command {
        self.0.write("config.json", &self.0.to_string());
        let mut command = Command::new(self.0.path().join("runtime"));
        command.arg("--root").arg(self.0.path().join("own")).args(words).uid(USER).gid(USER);
        command.env("PATH", format!("{}:/usr/bin:/bin", self.0.path().join("bin").display()));
        command
    }

    fn run(&self) -> Output {
        self.command(&["run", "--bundle", self.0.path().to_str().unwrap(), self.0.id()]).output().unwrap()
    }

    /// A program that has root's rights, as newuidmap has.
    fn privileged(&self, name: &str, script: &str) {
        let folder = self.0.path().join("bin");
        fs::create_dir_all(&folder).unwrap();
        let shell: PathBuf = folder.join("bash");
        fs::copy("/bin/bash", &shell).unwrap();
        fs::set_permissions(&shell, fs::Permissions::from_mode(0o4755)).unwrap();
        let program = folder.join(name);
        fs::write(&program, format!("#!{} -p\n{script}\n", shell.display())).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// The script of a program that writes a map as the kernel wants it, in one write.
fn one_write(file: &str) -> String {
    format!(r#"printf '%s %s %s\n%s %s %s\n' "${{@:2}}" | dd of=/proc/$1/{file} bs=4096 iflag=fullblock status=none"#)
}

/// Gives a tree to the user.
fn give(path: &Path) {
    chown(path, Some(USER), Some(USER)).unwrap_or(());
    if path.is_dir() && !path.is_symlink() {
        fs::read_dir(path).unwrap().for_each(|entry| give(&entry.unwrap().path()));
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_maker_is_root_inside_and_nobody_else_is_there() {
    let home = Home::new("id; cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups");
    let output = home.run();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let seen = text(&output.stdout);
    let mut lines = seen.lines();
    assert!(lines.next().unwrap().starts_with("uid=0"), "{seen}");
    for _ in 0..2 {
        assert_eq!(lines.next().unwrap().split_whitespace().collect::<Vec<_>>(), ["0", "54321", "1"]);
    }
    assert_eq!(lines.next(), Some("deny"));
}

#[test]
fn it_lives_without_a_cgroup_and_ends() {
    let home = Home::new("sleep 1000");
    let log = fs::File::create(home.0.path().join("stdio")).unwrap();
    let mut run = home.command(&["run", "--detach", "--bundle", home.0.path().to_str().unwrap(), home.0.id()]);
    assert!(run.stdout(log.try_clone().unwrap()).stderr(log).status().unwrap().success());
    let exec = home.command(&["exec", home.0.id(), "id", "-u"]).output().unwrap();
    assert_eq!(text(&exec.stdout), "0\n", "{}", text(&exec.stderr));
    let pause = home.command(&["pause", home.0.id()]).output().unwrap();
    assert!(text(&pause.stderr).contains("has no cgroup"), "{}", text(&pause.stderr));
    let state: Value = serde_json::from_slice(&home.command(&["state", home.0.id()]).output().unwrap().stdout).unwrap();
    assert!(home.command(&["delete", "--force", home.0.id()]).status().unwrap().success());
    let status = fs::read_to_string(format!("/proc/{}/status", state["pid"])).unwrap_or_default();
    assert!(status.is_empty() || status.contains("State:\tZ"), "{status}");
}

#[test]
fn a_limit_without_the_right_to_a_cgroup_is_an_error() {
    let mut home = Home::new("true");
    home.0.set("/linux/resources/pids/limit", 10);
    let output = home.run();
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("permission denied"), "{}", text(&output.stderr));
}

#[test]
fn further_ids_are_mapped_by_those_who_may() {
    let mut home = Home::new("cat /proc/self/uid_map /proc/self/gid_map; chown 7:8 /tmp && stat -c %u:%g /tmp");
    let map = json!([
        { "containerID": 0, "hostID": USER, "size": 1 },
        { "containerID": 1, "hostID": 100_000, "size": 1000 },
    ]);
    home.0.set("/linux/uidMappings", map.clone());
    home.0.set("/linux/gidMappings", map);
    home.0.capabilities(&["CAP_CHOWN"]);
    home.privileged("newuidmap", &one_write("uid_map"));
    home.privileged("newgidmap", &one_write("gid_map"));
    let output = home.run();
    let seen = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines: Vec<Vec<&str>> = seen.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[1], ["1", "100000", "1000"]);
    assert_eq!(lines[3], ["1", "100000", "1000"]);
    assert_eq!(lines[4], ["7:8"]);
}

#[test]
fn who_may_not_is_told_why() {
    let mut home = Home::new("true");
    home.0.set("/linux/uidMappings/0/size", 5);
    home.privileged("newuidmap", "echo newuidmap: not allowed >&2; exit 1");
    let output = home.run();
    assert!(!output.status.success());
    let said = text(&output.stderr);
    assert!(said.contains("newuidmap refused") && said.contains("not allowed"), "{said}");
}
