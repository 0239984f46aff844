//! What containerd says to its shim: every frame is answered once and on its own stream, however the bytes are cut, with
//! what it asked for or the reason why not; a message that is read is written as it was read; an id is never a path.

use std::io::{self, Cursor, Read};
use std::path::{Component, Path};
use std::sync::{Arc, Mutex};

use knarr_containerd_shim::parts::options::Options;
use knarr_containerd_shim::parts::task::{
    CloseIoRequest, ContainerRequest, CreateTaskRequest, ExecProcessRequest, KillRequest, ProcessRequest,
    ResizePtyRequest, SERVICE, UpdateTaskRequest,
};
use knarr_containerd_shim::parts::ttrpc::{Request, Response};
use knarr_containerd_shim::parts::{Code, Reply, Service, Sink, Status, check_id, frame, serve_over};
use prost::Message;

pub fn run(data: &[u8]) {
    let expected = plainly(data);
    for piece in [data.len().max(1), 1 + data.len() % 7] {
        let mut answers = serve(data, piece);
        answers.sort();
        assert_eq!(answers, expected, "in pieces of {piece}");
    }
}

/// A stream's number, and the code or the payload of its answer.
type Answer = (u32, Result<Vec<u8>, i32>);

/// The answers to be given, by a second reading of the frames.
fn plainly(mut data: &[u8]) -> Vec<Answer> {
    let mut answers = Vec::new();
    while let Some(([a, b, c, d, e, f, g, h, kind, flags], rest)) = data.split_first_chunk() {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        // One that is cut gets no answer; inputs are shorter than what is too long.
        let Some(message) = rest.get(..length) else { break };
        let stream = u32::from_be_bytes([*e, *f, *g, *h]);
        answers.push((stream, answer(*kind, *flags, message).map_err(|code| code as i32)));
        data = &rest[length..];
    }
    answers.sort();
    answers
}

fn answer(kind: u8, flags: u8, message: &[u8]) -> Result<Vec<u8>, Code> {
    if kind != 1 || flags & 2 != 0 {
        return Err(Code::Unimplemented);
    }
    let request = Request::decode(message).map_err(|_| Code::InvalidArgument)?;
    Tasks.answer(&request.service, &request.method, &request.payload)
}

fn serve(data: &[u8], piece: usize) -> Vec<Answer> {
    let answered = Arc::new(Mutex::new(Vec::new()));
    let sink: Sink = answered.clone();
    // A frame that is cut ends the connection with an error.
    let _cut = serve_over(Pieces { data: Cursor::new(data), piece }, &sink, &Arc::new(Tasks));
    drop(sink);
    // Calls have threads of their own, each of which holds the sink until it has answered.
    while Arc::strong_count(&answered) > 1 {
        std::thread::yield_now();
    }
    let bytes = std::mem::take(&mut *answered.lock().expect("nobody panics with the lock"));
    read(&bytes).expect("whole answers")
}

fn read(bytes: &[u8]) -> io::Result<Vec<Answer>> {
    let mut source = Cursor::new(bytes);
    let mut answers = Vec::new();
    while let Some(head) = frame::read_head(&mut source)? {
        assert_eq!((head.kind, head.flags), (frame::RESPONSE, 0));
        let message = frame::read_message(&mut source, head)?.expect("no answer is too long");
        let response = Response::decode(message.as_slice())?;
        answers.push((head.stream, response.status.map_or(Ok(response.payload), |status| Err(status.code))));
    }
    Ok(answers)
}

/// A connection that gives a few bytes at a time.
struct Pieces<'a> {
    data: Cursor<&'a [u8]>,
    piece: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len().min(self.piece);
        self.data.read(&mut buffer[..room])
    }
}

/// Reads each message as the shim's service does, and gives back what it says.
struct Tasks;

impl Service for Tasks {
    fn call(&self, service: &str, method: &str, payload: &[u8], reply: Reply) {
        reply.send(self.answer(service, method, payload).map_err(|code| Status::new(code, method)));
    }
}

impl Tasks {
    fn answer(&self, service: &str, method: &str, payload: &[u8]) -> Result<Vec<u8>, Code> {
        if service != SERVICE {
            return Err(Code::Unimplemented);
        }
        match method {
            "Create" => created(payload),
            "State" | "Start" | "Delete" | "Wait" => again(payload, |request: &ProcessRequest| &request.id),
            "Pids" | "Pause" | "Resume" | "Stats" | "Connect" => {
                again(payload, |request: &ContainerRequest| &request.id)
            }
            "Kill" => again(payload, |request: &KillRequest| &request.id),
            "Exec" => again(payload, |request: &ExecProcessRequest| &request.exec_id),
            "ResizePty" => again(payload, |request: &ResizePtyRequest| &request.exec_id),
            "CloseIO" => again(payload, |request: &CloseIoRequest| &request.id),
            "Update" => again(payload, |request: &UpdateTaskRequest| &request.id),
            _ => Err(Code::Unimplemented),
        }
    }
}

fn created(payload: &[u8]) -> Result<Vec<u8>, Code> {
    let bytes = again(payload, |request: &CreateTaskRequest| &request.id)?;
    let request = CreateTaskRequest::decode(payload).map_err(|_| Code::InvalidArgument)?;
    match request.options {
        Some(options) => again(&options.value, |options: &Options| &options.shim_cgroup),
        None => Ok(bytes),
    }
}

fn again<M: Message + Default + PartialEq>(payload: &[u8], id: impl Fn(&M) -> &String) -> Result<Vec<u8>, Code> {
    let message = M::decode(payload).map_err(|_| Code::InvalidArgument)?;
    let bytes = message.encode_to_vec();
    assert!(M::decode(bytes.as_slice()).is_ok_and(|again| again == message), "{payload:?} changes when it is written");
    let id = id(&message);
    if check_id(id).is_ok() {
        let parts: Vec<_> = Path::new(id).components().collect();
        let is_name = matches!(parts[..], [Component::Normal(name)] if name == id.as_str());
        assert!(is_name && !id.starts_with('-') && id.len() <= 255, "{id:?}");
    }
    Ok(bytes)
}
