//! `run`, `exec`, `attach`, `logs` and kin, against a daemon that is told what to say.

mod fake;

use fake::{Answer, Fake, frame, ok};

fn created(more: Vec<(&'static str, Answer)>) -> Fake {
    let mut answers = vec![
        ("POST /containers/create", Answer::Body(201, r#"{"Id":"c0ffee","Warnings":["careful"]}"#.into())),
        ("POST /containers/c0ffee/start", Answer::Body(204, String::new())),
    ];
    answers.extend(more);
    Fake::start(&answers)
}

fn attached(output: Vec<u8>, status: &str) -> Fake {
    created(vec![
        ("POST /containers/c0ffee/attach", Answer::Hijack("POST /containers/c0ffee/start", output)),
        ("POST /containers/c0ffee/wait", Answer::After("POST /containers/c0ffee/start", status.into())),
    ])
}

#[test]
fn run_prints_both_streams_and_ends_with_the_containers_code() {
    let output = [frame(1, b"out\n"), frame(2, b"err\n"), frame(1, b"more")].concat();
    let fake = attached(output, r#"{"StatusCode":7}"#);
    let done = fake.run(&["run", "--rm", "image", "sh", "-c", "--flag"]);
    assert_eq!((done.code, done.stdout.as_str(), done.stderr.as_str()), (7, "out\nmore", "WARNING: careful\nerr\n"));
    let request = fake.json("POST /containers/create");
    assert_eq!(request["Cmd"], serde_json::json!(["sh", "-c", "--flag"]));
    assert_eq!((&request["AttachStdout"], &request["AttachStdin"]), (&true.into(), &false.into()));
    assert_eq!(request["HostConfig"]["AutoRemove"], true);
    let order = ["create", "attach?stream=1&stdout=1&stderr=1", "wait?condition=removed", "start"];
    for (request, part) in fake.requests().iter().zip(order) {
        assert!(request.ends_with(part), "{:?}", fake.requests());
    }
}

#[test]
fn run_sends_stdin_and_closes_only_its_half() {
    let fake = created(vec![
        ("POST /containers/c0ffee/attach", Answer::Echo),
        ("POST /containers/c0ffee/wait", ok(r#"{"StatusCode":0}"#)),
    ]);
    let input = "line\n".repeat(50_000);
    let done = fake.run_with(&["run", "-i", "image", "cat"], input.as_bytes());
    assert_eq!((done.code, done.stdout.len()), (0, input.len()));
    let request = fake.json("POST /containers/create");
    assert_eq!((&request["OpenStdin"], &request["StdinOnce"]), (&true.into(), &true.into()));
}

#[test]
fn run_in_the_background_prints_the_id() {
    let fake = created(vec![]);
    let done = fake.run(&["run", "-d", "--name", "web", "image"]);
    assert_eq!((done.code, done.stdout.as_str()), (0, "c0ffee\n"));
    assert_eq!(fake.requests(), ["POST /containers/create?name=web", "POST /containers/c0ffee/start"]);
}

#[test]
fn run_pulls_a_missing_image() {
    let missing = Answer::Body(404, r#"{"message":"No such image: r.example/web:latest"}"#.into());
    let fake = Fake::start(&[
        ("POST /containers/create", missing),
        ("POST /containers/create", Answer::Body(201, r#"{"Id":"c0ffee"}"#.into())),
        (
            "POST /images/create",
            ok("{\"status\":\"Pulling from web\",\"id\":\"latest\"}\r\n{\"status\":\"Digest: x\"}\r\n"),
        ),
        ("POST /containers/c0ffee/start", Answer::Body(204, String::new())),
    ]);
    let done = fake.run(&["run", "-d", "r.example/web"]);
    assert_eq!((done.code, done.stdout.as_str()), (0, "c0ffee\n"));
    assert_eq!(
        done.stderr,
        "Unable to find image 'r.example/web:latest' locally\nlatest: Pulling from web\nDigest: x\n"
    );
    assert_eq!(fake.requests()[1], "POST /images/create?fromImage=r.example%2Fweb&tag=latest");
    assert_eq!(fake.run(&["run", "-d", "--pull", "never", "r.example/web"]).code, 0);
}

#[test]
fn failures_to_start_have_dockers_codes() {
    for (message, code) in [
        ("exec: \\\"x\\\": executable file not found in $PATH", 127),
        ("exec: \\\"/x\\\": permission denied", 126),
        ("port is already allocated", 125),
    ] {
        let fake = Fake::start(&[
            ("POST /containers/create", Answer::Body(201, r#"{"Id":"c0ffee"}"#.into())),
            ("POST /containers/c0ffee/attach", Answer::Hijack("POST /containers/c0ffee/start", Vec::new())),
            ("POST /containers/c0ffee/wait", Answer::After("never", String::new())),
            ("POST /containers/c0ffee/start", Answer::Body(500, format!(r#"{{"message":"{message}"}}"#))),
        ]);
        let done = fake.run(&["run", "image", "x"]);
        assert_eq!(done.code, code, "{}", done.stderr);
        assert!(done.stderr.starts_with("knarr: Error response from daemon: "), "{}", done.stderr);
        assert!(done.stderr.ends_with("Run 'knarr run --help' for more information\n"), "{}", done.stderr);
    }
}

#[test]
fn a_signal_reaches_the_container() {
    let fake = created(vec![
        ("POST /containers/c0ffee/attach", Answer::Hijack("POST /containers/c0ffee/kill", frame(1, b"bye\n"))),
        ("POST /containers/c0ffee/wait", Answer::After("POST /containers/c0ffee/kill", r#"{"StatusCode":143}"#.into())),
        ("POST /containers/c0ffee/kill", Answer::Body(204, String::new())),
    ]);
    let child = fake.client(&["run", "image"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    fake.wait_for("POST /containers/c0ffee/start");
    let pid = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
    let pidfd = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).unwrap();
    rustix::process::pidfd_send_signal(pidfd, rustix::process::Signal::TERM).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(143), &b"bye\n"[..]));
    assert!(fake.requests().contains(&"POST /containers/c0ffee/kill?signal=TERM".to_owned()));
}

#[test]
fn exec_ends_with_the_commands_code() {
    let fake = Fake::start(&[
        ("POST /containers/web/exec", Answer::Body(201, r#"{"Id":"e1"}"#.into())),
        ("POST /exec/e1/start", Answer::Hijack("POST /exec/e1/start", frame(2, b"oops\n"))),
        ("GET /exec/e1/json", ok(r#"{"ID":"e1","Running":false,"ExitCode":3}"#)),
    ]);
    let done = fake.run(&["exec", "-e", "A=1", "-w", "/x", "web", "sh", "-c", "exit 3"]);
    assert_eq!((done.code, done.stderr.as_str()), (3, "oops\n"));
    let request = fake.json("POST /containers/web/exec");
    assert_eq!(
        (&request["Env"][0], &request["WorkingDir"], &request["Cmd"][2]),
        (&"A=1".into(), &"/x".into(), &"exit 3".into())
    );
}

#[test]
fn logs_come_apart_by_stream() {
    let inspect = r#"{"Id":"c0ffee","Config":{"Tty":false}}"#;
    let frames = String::from_utf8([frame(1, b"a\n"), frame(2, b"b\n")].concat()).unwrap();
    let fake = Fake::start(&[("GET /containers/web/json", ok(inspect)), ("GET /containers/c0ffee/logs", ok(&frames))]);
    let done = fake.run(&["logs", "--tail", "5", "-t", "--since", "100", "web"]);
    assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("a\n", "b\n"));
    let query = "stdout=1&stderr=1&timestamps=1&tail=5&since=100";
    assert_eq!(fake.requests()[1], format!("GET /containers/c0ffee/logs?{query}"));
}

#[test]
fn several_are_done_and_each_failure_is_told() {
    let fake = Fake::start(&[
        ("DELETE /containers/b", Answer::Body(404, r#"{"message":"No such container: b"}"#.into())),
        ("DELETE /containers/", Answer::Body(204, String::new())),
    ]);
    let done = fake.run(&["rm", "-v", "a", "b", "c"]);
    assert_eq!((done.code, done.stdout.as_str()), (1, "a\nc\n"));
    assert_eq!(done.stderr, "Error response from daemon: No such container: b\n");
    let done = fake.run(&["rm", "-fv", "a", "b"]);
    assert_eq!((done.code, done.stdout.as_str()), (0, "a\n"), "what has gone is no failure with -f");
    assert_eq!(done.stderr, "Error response from daemon: No such container: b\n");
    assert!(fake.requests().contains(&"DELETE /containers/a?force=1&v=1".to_owned()));
}

#[test]
fn without_a_daemon_the_remedy_is_named() {
    let fake = Fake::start(&[]);
    let nobody = "unix:///nowhere/at/all.sock";
    let text =
        format!("Cannot connect to the knarr daemon at {nobody}. Is the daemon running? Start it with: knarr daemon\n");
    let done = fake.run(&["-H", nobody, "ps"]);
    assert_eq!((done.code, done.stderr.as_str()), (1, text.as_str()));
    assert_eq!(fake.run(&["-H", nobody, "run", "x"]).code, 125);
}

#[test]
fn the_flag_goes_before_knarr_host_before_docker_host() {
    let fake = Fake::start(&[("GET /containers/json", ok("[]"))]);
    let here = format!("unix://{}", fake.socket().display());
    let nowhere = "unix:///nowhere/at/all.sock";
    let run = |flag: Option<&str>, ours: &str, dockers: &str| {
        let words: Vec<&str> = flag.map_or(vec!["ps"], |flag| vec!["-H", flag, "ps"]);
        fake.client(&words).env("KNARR_HOST", ours).env("DOCKER_HOST", dockers).output().unwrap().status.success()
    };
    assert!(run(Some(&here), nowhere, nowhere) && run(None, &here, nowhere) && run(None, "", &here));
    assert!(!run(Some(nowhere), &here, &here) && !run(None, nowhere, &here));
}

#[test]
fn debug_says_what_is_asked() {
    let fake = Fake::start(&[("GET /containers/json", ok("[]"))]);
    for words in [&["-D", "ps", "-aq"][..], &["--log-level", "debug", "ps", "-aq"]] {
        let done = fake.run(words);
        assert_eq!((done.code, done.stdout.as_str()), (0, ""));
        assert_eq!(done.stderr, "debug: GET /v1.50/containers/json?all=1: 200 OK\n");
    }
}

#[test]
fn update_needs_something_to_change() {
    let fake = Fake::start(&[("POST /containers/web/update", ok(r#"{"Warnings":["careful"]}"#))]);
    let done = fake.run(&["update", "web"]);
    assert_eq!((done.code, done.stderr.as_str()), (1, "you must provide one or more flags when using this command\n"));
    assert_eq!(fake.run(&["update", "--cpu-rt-period", "1000", "web"]).stderr, "WARNING: careful\n");
    assert_eq!(fake.json("POST /containers/web/update")["CpuRealtimePeriod"], 1000);
}
