//! The door in front of a real engine: what every client meets before it reaches a verb. Needs root.

use std::sync::Arc;

use knarr_docker_api::Listener;
use knarr_engine::{Config, Engine};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::oneshot;

/// A daemon of its own, without a container.
struct Daemon {
    dir: tempfile::TempDir,
    engine: Arc<Engine>,
    stop: Option<oneshot::Sender<()>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Daemon {
    async fn start(bridge: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = Config {
            data_root: dir.path().join("data"),
            exec_root: dir.path().join("run"),
            bridge: bridge.to_owned(),
            shim: b"not started here",
            ..Config::default()
        };
        let engine = Engine::open(config).await.unwrap();
        let listener = UnixListener::bind(dir.path().join("sock")).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(knarr_docker_api::serve(engine.clone(), Listener::Unix(listener), async move {
            let _ = stopped.await;
        }));
        Self { dir, engine, stop: Some(stop), serving }
    }

    /// Sends a request, and reads until the daemon closes.
    async fn ask(&self, request: &str) -> String {
        let mut stream = UnixStream::connect(self.dir.path().join("sock")).await.unwrap();
        let request = request.replace('\n', "\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1\nHost: d\nConnection: close\n\n")).await
    }

    async fn post(&self, path: &str, body: &str) -> String {
        let length = body.len();
        let kind = "Content-Type: application/json";
        let head = format!("POST {path} HTTP/1.1\nHost: d\nConnection: close\n{kind}\nContent-Length: {length}\n\n");
        self.ask(&(head + body)).await
    }

    async fn end(mut self) {
        drop(self.stop.take());
        self.serving.await.unwrap();
        self.engine.shutdown().await;
    }
}

#[tokio::test]
async fn every_answer_has_the_headers_and_errors_have_dockers_shape() {
    let daemon = Daemon::start("kndoor0").await;
    let ping = daemon.get("/_ping").await;
    assert!(ping.starts_with("HTTP/1.1 200 OK\r\n") && ping.ends_with("\r\n\r\nOK"), "{ping}");
    assert!(ping.contains("\r\napi-version: 1.50\r\n") && ping.contains("\r\nostype: linux\r\n"), "{ping}");
    assert!(daemon.get("/v1.43/version").await.contains(r#""ApiVersion":"1.50""#));
    for (answer, status, text) in [
        (daemon.get("/nowhere").await, 404, "page not found"),
        (daemon.get("/v1.99/info").await, 400, "client version 1.99 is too new. Maximum supported API version is 1.50"),
        (daemon.get("/v1.12/info").await, 400, "client version 1.12 is too old."),
        (daemon.get("/containers/none/json").await, 404, "No such container: none"),
        (daemon.get("/containers/json?filters=%7B%22x%22%3A%5B%221%22%5D%7D").await, 400, "invalid filter 'x'"),
        (daemon.post("/containers/create", "{").await, 400, "invalid JSON"),
        (daemon.post("/containers/create", r#"{"Image":"nope"}"#).await, 404, "No such image: nope:latest"),
        (daemon.post("/containers/create?name=../x", r#"{"Image":"a"}"#).await, 400, "Invalid container name (../x)"),
        (daemon.post("/exec/none/start", "{}").await, 404, "No such exec instance: none"),
    ] {
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.contains(&format!(r#"{{"message":"{text}"#)), "{answer}");
    }
    daemon.end().await;
    assert!(!std::path::Path::new("/sys/class/net/kndoor0").exists());
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let daemon = Daemon::start("kndoor1").await;
    // So little beyond the limit that the daemon has read it all when it refuses.
    let huge = format!(r#"{{"Image":"{}"}}"#, "a".repeat(4 << 20));
    let answer = daemon.post("/containers/create", &huge).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    daemon.end().await;
}

#[tokio::test]
async fn a_second_daemon_on_live_roots_is_refused() {
    let daemon = Daemon::start("kndoor2").await;
    let second = Engine::open(daemon.engine.config().clone()).await.err().unwrap();
    assert!(second.message().contains("in use by another knarr daemon"), "{second}");
    daemon.end().await;
}

#[tokio::test]
async fn events_are_streamed_until_the_client_goes() {
    let daemon = Daemon::start("kndoor3").await;
    let mut stream = UnixStream::connect(daemon.dir.path().join("sock")).await.unwrap();
    stream.write_all(b"GET /events HTTP/1.1\r\nHost: d\r\n\r\n").await.unwrap();
    let mut seen = String::new();
    while !seen.contains("\r\n\r\n") {
        let mut chunk = [0u8; 1024];
        let count = stream.read(&mut chunk).await.unwrap();
        seen.push_str(&String::from_utf8_lossy(&chunk[..count]));
    }
    daemon.engine.events().publish(knarr_engine::Event::new("volume", "create", "data"));
    while !seen.contains(r#""Action":"create""#) {
        let mut chunk = [0u8; 1024];
        let count = stream.read(&mut chunk).await.unwrap();
        assert_ne!(count, 0, "{seen}");
        seen.push_str(&String::from_utf8_lossy(&chunk[..count]));
    }
    drop(stream);
    daemon.end().await;
}

/// A context that cannot be read without a panic.
struct Broken;

impl std::io::Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        panic!("a bug");
    }
}

#[tokio::test]
async fn a_panic_ends_one_build_only() {
    let daemon = Daemon::start("kndoor9").await;
    let (said, _saying) = tokio::sync::mpsc::channel(1);
    let failed = daemon.engine.build(knarr_engine::BuildRequest::default(), Broken, said).await.unwrap_err();
    assert!(failed.fault.full().starts_with("the build was cut short"), "{}", failed.fault.full());
    let scratch = daemon.dir.path().join("data/tmp");
    assert_eq!(std::fs::read_dir(scratch).unwrap().count(), 0);
    assert!(daemon.get("/_ping").await.starts_with("HTTP/1.1 200 OK"));
    daemon.end().await;
}
