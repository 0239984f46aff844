//! What lists, inspections and help print.

mod fake;

use fake::{Fake, ok};
use insta::assert_snapshot;

const CONTAINERS: &str = r#"[
 {"Id":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","Names":["/web"],"Image":"nginx","ImageID":"sha256:1",
  "Command":"nginx -g 'daemon off;' and more","Created":1,"Ports":[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"}],
  "State":"running","Status":"Up 5 minutes","Labels":{"a":"b"},"NetworkSettings":{"Networks":{"bridge":{}}}},
 {"Id":"fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210","Names":["/a-longer-name"],"Image":"sha256:22","ImageID":"sha256:22",
  "Command":"sh","Created":1,"Ports":[],"State":"exited","Status":"Exited (0) 2 days ago","Labels":{}}]"#;

const IMAGES: &str = r#"[
 {"Id":"sha256:0123456789abcdef","RepoTags":["debian:12","r:5000/debian:12"],"RepoDigests":["r:5000/debian@sha256:9"],"Created":1,"Size":117000000},
 {"Id":"sha256:fedcba9876543210","RepoTags":null,"RepoDigests":null,"Created":1,"Size":5}]"#;

/// Ages depend on the clock.
fn print(fake: &Fake, arguments: &[&str]) -> String {
    let done = fake.run(arguments);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{arguments:?}");
    done.stdout
}

#[test]
fn containers() {
    let fake = Fake::start(&[("GET /containers/json", ok(CONTAINERS))]);
    let format = "table {{.ID}}\\t{{.Image}}\\t{{.Command}}\\t{{.Status}}\\t{{.Ports}}\\t{{.Names}}";
    assert_snapshot!(print(&fake, &["ps", "-a", "--format", format]));
    assert_eq!(print(&fake, &["ps", "-q"]), "0123456789ab\nfedcba987654\n");
    assert_eq!(
        print(&fake, &["ps", "--format", "{{.Names}}: {{.State}} {{.Labels}}"]),
        "web: running a=b\na-longer-name: exited \n"
    );
    print(&fake, &["ps", "--filter", "status=exited", "--filter", "label=a", "-n", "3"]);
    let filters = "%7B%22label%22%3A%7B%22a%22%3Atrue%7D%2C%22status%22%3A%7B%22exited%22%3Atrue%7D%7D";
    assert_eq!(fake.requests().last().unwrap(), &format!("GET /containers/json?limit=3&filters={filters}"));
    let heads = print(&fake, &["ps"]);
    let heads: Vec<&str> = heads.lines().next().unwrap().split("  ").filter(|h| !h.is_empty()).map(str::trim).collect();
    assert_eq!(heads, ["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"]);
}

#[test]
fn images() {
    let fake = Fake::start(&[("GET /images/json", ok(IMAGES))]);
    let format = "table {{.Repository}}\\t{{.Tag}}\\t{{.ID}}\\t{{.Size}}";
    assert_snapshot!(print(&fake, &["images", "--format", format]));
    assert_eq!(print(&fake, &["images", "-q", "--no-trunc"]).lines().count(), 3);
    assert!(print(&fake, &["images", "--digests"]).contains("sha256:9"));
}

#[test]
fn other_lists() {
    let fake = Fake::start(&[
        (
            "GET /networks",
            ok(
                r#"[{"Name":"none","Id":"bb","Driver":"null","Scope":"local"},{"Name":"bridge","Id":"aa","Driver":"bridge","Scope":"local"}]"#,
            ),
        ),
        ("GET /volumes", ok(r#"{"Volumes":[{"Name":"data","Driver":"local"}],"Warnings":null}"#)),
        (
            "GET /images/web/history",
            ok(
                r#"[{"Id":"sha256:11","Created":0,"CreatedBy":"RUN a command that is quite a bit too long to show","Size":2000,"Comment":""},{"Id":"<missing>","Created":0,"CreatedBy":"ADD x","Size":0,"Comment":"c"}]"#,
            ),
        ),
        (
            "GET /containers/web/top",
            ok(r#"{"Titles":["PID","CMD"],"Processes":[["12","nginx: master"],["345","nginx"]]}"#),
        ),
        (
            "GET /containers/web/changes",
            ok(r#"[{"Path":"/etc","Kind":0},{"Path":"/new","Kind":1},{"Path":"/old","Kind":2}]"#),
        ),
        (
            "GET /containers/web/json",
            ok(
                r#"{"NetworkSettings":{"Ports":{"443/tcp":null,"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"},{"HostIp":"::","HostPort":"8080"}]}}}"#,
            ),
        ),
        (
            "GET /system/df",
            ok(
                r#"{"LayersSize":1000,"Images":[{"Containers":1,"Size":1000,"SharedSize":0}],"Containers":[{"State":"exited","SizeRw":500}],"Volumes":[{"Name":"v","UsageData":{"RefCount":0,"Size":100}}]}"#,
            ),
        ),
        ("GET /containers/x/changes", ok("null")),
    ]);
    let verbs: [&[&str]; 8] = [
        &["network", "ls"],
        &["volume", "ls"],
        &["history", "web"],
        &["top", "web", "-ef"],
        &["diff", "web"],
        &["port", "web"],
        &["port", "web", "80"],
        &["system", "df"],
    ];
    let all: String =
        verbs.iter().map(|verb| format!("$ knarr {}\n{}\n", verb.join(" "), print(&fake, verb))).collect();
    assert_snapshot!(all);
    assert_eq!(print(&fake, &["diff", "x"]), "");
    assert!(fake.requests().contains(&"GET /containers/web/top?ps_args=-ef".to_owned()));
}

#[test]
fn inspections() {
    let document = r#"{"Id":"1","State":{"Status":"running","Pid":4},"Names":["a","b"],"Config":{"Labels":{"x.y":"z"}},"Mounts":[]}"#;
    let fake =
        Fake::start(&[("GET /containers/web/json", ok(document)), ("GET /volumes/data", ok(r#"{"Name":"data"}"#))]);
    assert_snapshot!(print(&fake, &["inspect", "web", "data"]));
    let format =
        "{{.State.Status}} {{index .Config.Labels \"x.y\"}} {{range .Names}}[{{.}}]{{end}}{{if .State.Health}}h{{end}}";
    assert_eq!(print(&fake, &["inspect", "-f", format, "web"]), "running z [a][b]\n");
    let done = fake.run(&["inspect", "nobody"]);
    assert_eq!((done.code, done.stdout.as_str(), done.stderr.as_str()), (1, "[]\n", "Error: No such object: nobody\n"));
    assert_eq!(fake.run(&["inspect", "-f", "{{.Nope}}", "web"]).code, 1);
    assert_eq!(fake.run(&["inspect", "-f", "{{.Nope", "web"]).code, 64);
}

#[test]
fn help_teaches() {
    let fake = Fake::start(&[]);
    assert_snapshot!("front_page", print(&fake, &[]));
    assert_snapshot!("help_of_run", print(&fake, &["run", "--help"]));
    assert_snapshot!("help_of_ps", print(&fake, &["ps", "--help"]));
    assert_eq!(print(&fake, &["--help"]), print(&fake, &[]));
    assert!(print(&fake, &["completion", "bash"]).contains("_knarr"));
    let folder = tempfile::tempdir().unwrap();
    print(&fake, &["man", folder.path().to_str().unwrap()]);
    assert!(folder.path().join("knarr-run.1").exists());
}

#[test]
fn what_is_wrong_is_said_as_docker_says_it() {
    let fake = Fake::start(&[]);
    for (arguments, code, first) in [
        ("run --foo x", 125, "unknown flag: --foo"),
        ("run -Z x", 125, "unknown shorthand flag: 'Z' in -Z"),
        ("run -e", 125, "flag needs an argument: -e, --env"),
        ("run -m zz x", 125, "invalid argument \"zz\" for \"-m, --memory\" flag: invalid size: 'zz'"),
        ("run", 1, "knarr: 'knarr run' requires at least 1 argument"),
        ("exec x", 1, "knarr: 'knarr exec' requires at least 2 arguments"),
        ("ps x", 1, "knarr: 'knarr ps' accepts no arguments"),
        ("rename a", 1, "knarr: 'knarr rename' requires 2 arguments"),
        ("foo", 1, "knarr: unknown command: knarr foo"),
        ("image foo", 1, "knarr: unknown command: knarr image foo"),
        ("run -p 99999:1 x", 125, "knarr: invalid hostPort: 99999"),
        (
            "-H tcp://1.2.3.4:5 ps",
            1,
            "cannot connect to tcp://1.2.3.4:5: TCP is spoken with mutual TLS only: give --tlsverify, and certificates by --tlscacert, --tlscert and --tlskey or in the folder that DOCKER_CERT_PATH names",
        ),
    ] {
        let done = fake.run(&arguments.split(' ').collect::<Vec<_>>());
        assert_eq!((done.code, done.stderr.lines().next().unwrap()), (code, first), "{arguments}");
    }
    let done = fake.run(&["run", "--foo", "x"]);
    assert!(
        done.stderr.contains("\n\nUsage:  knarr run [OPTIONS] IMAGE [COMMAND] [ARG...]\n\nRun 'knarr run --help'"),
        "{}",
        done.stderr
    );
}
