//! Our command line beside the unmodified `docker`, on the same daemon: the same words give the same output and the same exit code.

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Host, Output};

/// Commands whose standard output and exit code must be equal to the letter.
const SAME: &[&[&str]] = &[
    &["run", "--rm", "busybox", "echo", "hello"],
    &["run", "--rm", "busybox", "sh", "-c", "exit 3"],
    &["run", "--rm", "busybox", "no-such-program"],
    &["run", "--rm", "busybox", "/etc"],
    &["run", "--rm", "--cidfile", "/dev/null/x", "busybox", "true"],
    &["run", "--nonsense", "busybox"],
    &["ps"],
    &["ps", "-q"],
    &["ps", "-aq", "--no-trunc"],
    &["ps", "-a", "--format", "{{.Names}} {{.Image}} {{.Command}} {{.State}} {{.Ports}}"],
    &["ps", "-a", "--format", "table {{.Names}}\t{{.Image}}"],
    &["ps", "-a", "--filter", "name=one", "--format", "{{.Names}}"],
    &["ps", "-a", "--filter", "status=exited", "--format", "{{.Names}}"],
    &["ps", "-a", "--filter", "label=kind=test", "--format", "{{.Names}} {{.Label \"kind\"}}"],
    &["ps", "-a", "--format", "table {{.Names}}\t{{.Label \"kind\"}}"],
    &["images"],
    &["images", "-q"],
    &["images", "--format", "{{.Repository}}:{{.Tag}} {{.Size}}"],
    &["images", "--no-trunc", "--quiet"],
    &["image", "ls", "busybox"],
    &["inspect", "one"],
    &["inspect", "-f", "{{.ID}} {{.Name}}", "one"],
    &["inspect", "-f", "{{.State.Status}} {{.Config.Image}} {{json .Config.Cmd}}", "one"],
    &["inspect", "-f", "{{range .Config.Env}}{{println .}}{{end}}", "one"],
    &["inspect", "-f", "{{index .Config.Labels \"kind\"}} {{len .Config.Cmd}}", "one"],
    &["inspect", "-f", "{{if eq .State.Status \"exited\"}}gone{{else}}here{{end}}", "one"],
    &["inspect", "nobody"],
    &["inspect", "--type", "image", "busybox"],
    &["image", "inspect", "busybox", "-f", "{{.Id}} {{.Architecture}}"],
    &["image", "inspect", "busybox", "-f", "{{.ID}}"],
    &["history", "busybox", "--format", "{{.CreatedBy}} {{.Size}}"],
    &["logs", "one"],
    &["logs", "--tail", "1", "one"],
    &["logs", "nobody"],
    &["port", "two"],
    &["port", "two", "80"],
    &["top", "two", "-o", "comm"],
    &["diff", "one"],
    &["wait", "one"],
    &["exec", "two", "echo", "in"],
    &["exec", "two", "sh", "-c", "exit 4"],
    &["exec", "one", "true"],
    &["volume", "ls"],
    &["volume", "ls", "-q"],
    &["volume", "inspect", "kept"],
    &["volume", "ls", "--format", "{{.Name}} {{.Label \"kind\"}}"],
    &["network", "ls", "--format", "{{.Name}} {{.Driver}} {{.Scope}}"],
    &["network", "inspect", "bridge", "-f", "{{.Name}} {{.Driver}} {{(index .IPAM.Config 0).Subnet}}"],
    &["version", "--format", "{{.Server.APIVersion}}"],
    &["info", "--format", "{{.Containers}} {{.ContainersRunning}} {{.OSType}}"],
    &["info", "--format", "{{.ID}} {{.NCPU}} {{.CPUCfsPeriod}}"],
    &["rm", "nobody"],
    &["rmi", "nobody"],
    &["start", "nobody"],
    &["stop", "nobody"],
    &["kill", "one"],
    &["volume", "rm", "nothing"],
    &["network", "rm", "nothing"],
    &["tag", "busybox", "also:this"],
    &["rmi", "also:this"],
    &["search"],
];

/// Ours is asked between two answers of docker's: a clock ("2 seconds ago") may go on before it or behind it.
fn same(theirs: &Output, ours: &Output) -> bool {
    theirs.stdout == ours.stdout && theirs.code == ours.code
}

#[test]
fn the_same_words_give_the_same_output() {
    let host = Host::start().unwrap();
    let (knarr, docker) = (host.knarr(), host.docker());
    import_busybox(&knarr, "busybox").unwrap();
    let script = "echo first; echo second; touch /made";
    docker.ok(&["run", "--name", "one", "--label", "kind=test", "-e", "A=1", "busybox", "sh", "-c", script]).unwrap();
    docker
        .ok(&["run", "-d", "--name", "two", "-p", "127.0.0.1:0:80", "-v", "kept:/kept", "busybox", "sleep", "1000"])
        .unwrap();
    let mut different = Vec::new();
    for words in SAME {
        let (theirs, ours) = (docker.run(words).unwrap(), knarr.run(words).unwrap());
        if *words == ["tag", "busybox", "also:this"] {
            docker.ok(&["tag", "busybox", "also:this"]).unwrap();
        }
        if *words == ["rmi", "also:this"] {
            continue;
        }
        if !(same(&theirs, &ours) || same(&docker.run(words).unwrap(), &ours)) {
            different.push(format!(
                "{words:?}\n--- docker {}\n{}{}--- knarr {}\n{}{}",
                theirs.code, theirs.stdout, theirs.stderr, ours.code, ours.stdout, ours.stderr
            ));
        }
    }
    assert!(different.is_empty(), "{} of {}:\n{}", different.len(), SAME.len(), different.join("\n"));
    host.finish().unwrap();
}
