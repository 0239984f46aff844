//! The server's side: many calls at once on a connection, each answered when it is done.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use prost::Message;

use super::frame::{self, Head, REMOTE_OPEN, REQUEST, RESPONSE};
use super::{Code, Status};
use crate::locked;
use crate::messages::ttrpc;

/// Calls that are worked on at once; the next ones hold their connection up.
const MOST_CALLS: usize = 64;

/// What answers calls.
pub trait Service: Send + Sync + 'static {
    /// Works on a call, and answers now or keeps the reply for later.
    fn call(&self, service: &str, method: &str, payload: &[u8], reply: Reply);
}

/// Where the answers of a connection go.
pub type Sink = Arc<Mutex<dyn Write + Send>>;

/// The way back of one call. Dropped unused it answers with an internal error, so that nobody waits for ever.
pub struct Reply {
    sink: Sink,
    stream: u32,
    sent: bool,
}

impl Reply {
    /// Answers. A caller that has gone away needs no answer.
    pub fn send(mut self, result: Result<Vec<u8>, Status>) {
        self.write(result);
    }

    fn write(&mut self, result: Result<Vec<u8>, Status>) {
        self.sent = true;
        let response = match result {
            Ok(payload) => ttrpc::Response { status: None, payload },
            Err(Status { code, message }) => {
                let status = ttrpc::Status { code: code as i32, message, details: Vec::new() };
                ttrpc::Response { status: Some(status), payload: Vec::new() }
            }
        };
        let _caller_gone = frame::write(&mut *locked(&self.sink), self.stream, RESPONSE, &response.encode_to_vec());
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if !self.sent {
            self.write(Err(Status::new(Code::Internal, "the call was dropped")));
        }
    }
}

/// Serves a connection until its end.
pub fn serve(connection: UnixStream, service: &Arc<impl Service>) -> io::Result<()> {
    let source = connection.try_clone()?;
    serve_over(source, &(Arc::new(Mutex::new(connection)) as Sink), service)
}

/// Serves whatever requests come from, and answers go to, until the end of the requests.
pub fn serve_over(mut source: impl Read, sink: &Sink, service: &Arc<impl Service>) -> io::Result<()> {
    while let Some(head) = frame::read_head(&mut source)? {
        let message = frame::read_message(&mut source, head)?;
        let reply = Reply { sink: sink.clone(), stream: head.stream, sent: false };
        match request(head, message.as_deref()) {
            Ok(request) => dispatch(service, request, reply),
            Err(status) => reply.send(Err(status)),
        }
    }
    Ok(())
}

fn request(head: Head, message: Option<&[u8]>) -> Result<ttrpc::Request, Status> {
    let Some(message) = message else {
        return Err(Status::new(Code::ResourceExhausted, "the message is longer than 4 MiB"));
    };
    if head.kind != REQUEST || head.flags & REMOTE_OPEN != 0 {
        return Err(Status::new(Code::Unimplemented, "only unary calls are served"));
    }
    ttrpc::Request::decode(message)
        .map_err(|e| Status::new(Code::InvalidArgument, format!("cannot read the request: {e}")))
}

fn dispatch(service: &Arc<impl Service>, request: ttrpc::Request, reply: Reply) {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let call = {
        let service = service.clone();
        move || service.call(&request.service, &request.method, &request.payload, reply)
    };
    if CALLS.fetch_add(1, Ordering::Relaxed) >= MOST_CALLS {
        call();
        CALLS.fetch_sub(1, Ordering::Relaxed);
        return;
    }
    // Where no thread can be made the call is dropped with its closure, and answered by that.
    let thread = std::thread::Builder::new().spawn(move || {
        call();
        CALLS.fetch_sub(1, Ordering::Relaxed);
    });
    if thread.is_err() {
        CALLS.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Client;
    use super::*;

    /// Echoes; `Later` keeps its reply until `Release` comes.
    #[derive(Default)]
    struct Echo(Mutex<Option<Reply>>);

    impl Service for Echo {
        fn call(&self, _: &str, method: &str, payload: &[u8], reply: Reply) {
            match method {
                "Later" => *locked(&self.0) = Some(reply),
                "Fail" => reply.send(Err(Status::new(Code::NotFound, "no"))),
                "Drop" => drop(reply),
                "Release" => {
                    let kept = std::iter::repeat_with(|| locked(&self.0).take()).flatten().next();
                    kept.unwrap().send(Ok(b"kept".to_vec()));
                    reply.send(Ok(payload.to_vec()));
                }
                _ => reply.send(Ok(payload.to_vec())),
            }
        }
    }

    fn client() -> Client {
        let (ours, theirs) = UnixStream::pair().unwrap();
        std::thread::spawn(move || serve(theirs, &Arc::new(Echo::default())));
        Client::over(ours)
    }

    #[test]
    fn calls_are_answered_in_the_order_in_which_they_are_done() {
        let mut client = client();
        assert_eq!(client.call("s", "Echo", b"1".to_vec()).unwrap().unwrap(), b"1");
        let later = client.begin("s", "Later", Vec::new()).unwrap();
        let release = client.begin("s", "Release", b"2".to_vec()).unwrap();
        let mut answers = [client.answer().unwrap(), client.answer().unwrap()];
        answers.sort_by_key(|(stream, _)| *stream);
        assert_eq!(answers[0], (later, Ok(b"kept".to_vec())));
        assert_eq!(answers[1], (release, Ok(b"2".to_vec())));
    }

    #[test]
    fn failures_have_codes_and_a_dropped_call_is_answered() {
        let mut client = client();
        let failed = client.call("s", "Fail", Vec::new()).unwrap().unwrap_err();
        assert_eq!((failed.code, failed.message.as_str()), (Code::NotFound as i32, "no"));
        let dropped = client.call("s", "Drop", Vec::new()).unwrap().unwrap_err();
        assert_eq!(dropped.code, Code::Internal as i32);
    }
}
