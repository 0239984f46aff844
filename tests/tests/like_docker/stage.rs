//! What the command lines find: an image, containers in every state, networks, volumes, files.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host};

use crate::normal::OWN;

/// Sets the stage; the folder in which the commands run.
pub fn set(host: &Host) -> PathBuf {
    let folder = host.path().join("stage");
    files(&folder);
    let docker = host.docker();
    import_busybox(&docker, "busybox").unwrap();
    containers(&docker);
    for own in OWN {
        of_one_client(&docker, own);
    }
    for words in [
        &["network", "create", "--label", "n=1", "net1"][..],
        &["network", "create", "--internal", "--subnet", "10.219.7.0/24", "--gateway", "10.219.7.9", "net2"],
        &["volume", "create", "--label", "v=1", "vol1"],
    ] {
        docker.ok(words).unwrap();
    }
    folder
}

fn files(folder: &std::path::Path) {
    for (name, text) in [
        ("env", "A=1\n# remark\n\n  B= two \nC\nD=\nE=x=y\nHOME\n"),
        ("badenv", "a b=1\n"),
        ("badenv2", "=1\n"),
        ("labels", "a=1\n#x\nb\n"),
        ("file", "hello\n"),
        ("junk", "junk junk"),
        ("ctx/Dockerfile", "FROM busybox\nRUN echo hi\nLABEL x=y\n"),
        ("typo/Dockerfile", "FROM busybox\nRUNN x\n"),
        ("seven/Dockerfile", "FROM busybox\nRUN exit 7\n"),
        ("missing/Dockerfile", "FROM busybox\nCOPY nothing /\n"),
        ("empty/.keep", ""),
    ] {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn containers(docker: &Client) {
    let script = "echo first; echo second; echo err >&2; touch /made; rm -r /home; echo x >>/etc/group";
    docker
        .ok(&[
            &["run", "--name", "one", "--label", "kind=test", "--label", "com.x.y=z", "-e", "A=1", "busybox"][..],
            &["sh", "-c", script],
        ]
        .concat())
        .unwrap();
    let sleep = ["busybox", "sleep", "1000"];
    let two = ["run", "-d", "--name", "two", "-p", "127.0.0.1:0:80", "-v", "kept:/kept", "--label", "kind=test"];
    docker.ok(&[&two[..], &sleep].concat()).unwrap();
    let first = free_range();
    let range = format!("127.0.0.1:{first}-{}:80-82", first + 2);
    let three = ["run", "-d", "--name", "three", "-p", &range, "--expose", "99", "-v", "/tmp:/t:ro", "--tmpfs", "/q"];
    docker.ok(&[&three[..], &["-p", "127.0.0.1:0:90/udp"], &sleep].concat()).unwrap();
    docker.ok(&["create", "--name", "made", "-it", "busybox"]).unwrap();
}

/// What a client removes, renames, pauses without the other one seeing it.
fn of_one_client(docker: &Client, own: &str) {
    let name = |text: &str| text.replace('§', own);
    docker.ok(&["run", "-d", "--name", &name("run§"), "busybox", "sleep", "1000"]).unwrap();
    docker.ok(&["run", "-d", "--name", &name("pause§"), "busybox", "sleep", "1000"]).unwrap();
    docker.ok(&["create", "--name", &name("idle§"), "-v", &name("used§:/x"), "busybox"]).unwrap();
    docker.ok(&["network", "create", &name("net§")]).unwrap();
    docker.ok(&["volume", "create", &name("vol§")]).unwrap();
}

/// The first of three ports that nobody has.
fn free_range() -> u16 {
    let is_free = |port: &u16| (*port..*port + 3).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok());
    (39_000..40_000).step_by(3).find(is_free).unwrap()
}
