//! A daemon that says what a test tells it to say, and remembers what it was asked.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// What it answers to one kind of request.
#[derive(Clone)]
pub enum Answer {
    /// A status and a body.
    Body(u16, String),
    /// The same, but only after a request that begins with this text came.
    After(&'static str, String),
    /// The connection is taken over: after that request, these bytes are sent and the connection is closed.
    Hijack(&'static str, Vec<u8>),
    /// The connection is taken over: what the client sends until it closes its half comes back as one frame of stdout.
    Echo,
}

#[derive(Default)]
struct State {
    requests: Vec<String>,
    bodies: BTreeMap<String, Vec<u8>>,
    headers: BTreeMap<String, String>,
}

/// The daemon.
pub struct Fake {
    folder: tempfile::TempDir,
    state: Arc<(Mutex<State>, Condvar)>,
}

impl Fake {
    /// Starts it. A request is answered by the first entry whose text its `METHOD path` begins with; the n-th entry of the same text
    /// answers the n-th such request, the last one all further ones.
    pub fn start(answers: &[(&str, Answer)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("sock")).unwrap();
        let state: Arc<(Mutex<State>, Condvar)> = Arc::default();
        let answers: Arc<Vec<(String, Answer)>> =
            Arc::new(answers.iter().map(|(k, a)| ((*k).to_owned(), a.clone())).collect());
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (state, answers) = (Arc::clone(&shared), Arc::clone(&answers));
                thread::spawn(move || serve(stream, &state, &answers));
            }
        });
        Self { folder, state }
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("sock")
    }

    /// A client of it, with an empty configuration folder.
    pub fn client(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_knarr-cli"));
        command.env_clear().env("TZ", "UTC").env("DOCKER_CONFIG", self.folder.path().join("config"));
        command.env("KNARR_HOST", format!("unix://{}", self.socket().display())).args(arguments);
        command
    }

    /// Runs a client to its end.
    pub fn run(&self, arguments: &[&str]) -> Done {
        Done::of(self.client(arguments).stdin(Stdio::null()).output().unwrap())
    }

    /// Runs a client with this at stdin.
    pub fn run_with(&self, arguments: &[&str], input: &[u8]) -> Done {
        let mut command = self.client(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        Done::of(child.wait_with_output().unwrap())
    }

    /// All requests so far, `METHOD path?query`.
    pub fn requests(&self) -> Vec<String> {
        self.state.0.lock().unwrap().requests.clone()
    }

    /// The body of the last request whose `METHOD path` begins so.
    pub fn body(&self, prefix: &str) -> Vec<u8> {
        let state = self.state.0.lock().unwrap();
        state
            .bodies
            .iter()
            .rev()
            .find(|(key, _)| key.starts_with(prefix))
            .map(|(_, body)| body.clone())
            .unwrap_or_default()
    }

    /// The same, as JSON.
    pub fn json(&self, prefix: &str) -> serde_json::Value {
        serde_json::from_slice(&self.body(prefix)).unwrap()
    }

    /// The value of a header of the last request that had it.
    pub fn header(&self, name: &str) -> Option<String> {
        self.state.0.lock().unwrap().headers.get(name).cloned()
    }

    /// Waits until a request that begins so has come.
    pub fn wait_for(&self, prefix: &str) {
        wait_for(&self.state, prefix);
    }
}

/// How a client ended.
#[derive(Debug)]
pub struct Done {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Done {
    fn of(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code().unwrap_or(-1), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}

/// One frame of output.
pub fn frame(stream: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![stream, 0, 0, 0];
    bytes.extend((payload.len() as u32).to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A body with status 200.
pub fn ok(body: &str) -> Answer {
    Answer::Body(200, body.to_owned())
}

fn wait_for(state: &(Mutex<State>, Condvar), prefix: &str) {
    let guard = state.0.lock().unwrap();
    drop(state.1.wait_while(guard, |state| !state.requests.iter().any(|r| r.starts_with(prefix))).unwrap());
}

fn serve(stream: UnixStream, state: &(Mutex<State>, Condvar), answers: &[(String, Answer)]) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return;
    }
    let mut words = line.split_whitespace();
    let (method, path) = (words.next().unwrap(), words.next().unwrap().strip_prefix("/v1.50").unwrap());
    let request = format!("{method} {path}");
    let (length, headers) = head(&mut reader);
    let body = body(&mut reader, length);
    let answer = note(state, answers, &request, headers, body);
    reply(stream, reader, state, &request, answer);
}

fn head(reader: &mut impl BufRead) -> (Option<usize>, Vec<(String, String)>) {
    let (mut length, mut headers) = (Some(0), Vec::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { return (length, headers) };
        let name = name.to_lowercase();
        match name.as_str() {
            "content-length" => length = Some(value.parse().unwrap()),
            "transfer-encoding" => length = None,
            _ => {}
        }
        headers.push((name, value.to_owned()));
    }
}

fn body(reader: &mut impl BufRead, length: Option<usize>) -> Vec<u8> {
    let mut body = Vec::new();
    if let Some(length) = length {
        body.resize(length, 0);
        reader.read_exact(&mut body).unwrap();
        return body;
    }
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let size = usize::from_str_radix(line.trim(), 16).unwrap();
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk).unwrap();
        if size == 0 {
            return body;
        }
        body.extend(&chunk[..size]);
    }
}

fn note(
    state: &(Mutex<State>, Condvar),
    answers: &[(String, Answer)],
    request: &str,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
) -> Answer {
    let mut guard = state.0.lock().unwrap();
    let matching: Vec<&(String, Answer)> =
        answers.iter().filter(|(key, _)| request.starts_with(key.as_str())).collect();
    let answer = match matching.first() {
        None => Answer::Body(404, r#"{"message":"page not found"}"#.into()),
        Some((key, _)) => {
            let same: Vec<_> = matching.iter().filter(|(other, _)| other == key).collect();
            let earlier = guard.requests.iter().filter(|r| r.starts_with(key.as_str())).count();
            same[earlier.min(same.len() - 1)].1.clone()
        }
    };
    guard.requests.push(request.to_owned());
    guard.bodies.insert(request.to_owned(), body);
    guard.headers.extend(headers);
    state.1.notify_all();
    answer
}

fn reply(
    mut stream: UnixStream,
    mut reader: impl Read,
    state: &(Mutex<State>, Condvar),
    request: &str,
    answer: Answer,
) {
    let upgrade = "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
    let head = |status: u16, length: usize| format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n");
    let bodiless = |status: u16| status == 204 || request.starts_with("HEAD");
    // A client that has gone is no failure of this side.
    let _ = match answer {
        Answer::Body(status, _) if bodiless(status) => {
            stream.write_all(format!("HTTP/1.1 {status} X\r\n\r\n").as_bytes())
        }
        Answer::Body(status, body) => {
            stream.write_all(head(status, body.len()).as_bytes()).and_then(|()| stream.write_all(body.as_bytes()))
        }
        Answer::After(prefix, body) => {
            let sent = stream.write_all(head(200, body.len()).as_bytes());
            wait_for(state, prefix);
            sent.and_then(|()| stream.write_all(body.as_bytes()))
        }
        Answer::Hijack(prefix, bytes) => {
            let sent = stream.write_all(upgrade.as_bytes());
            wait_for(state, prefix);
            sent.and_then(|()| stream.write_all(&bytes))
        }
        Answer::Echo => {
            let sent = stream.write_all(upgrade.as_bytes());
            let mut input = Vec::new();
            reader.read_to_end(&mut input).unwrap();
            sent.and_then(|()| stream.write_all(&frame(1, &input)))
        }
    };
}
