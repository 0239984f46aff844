//! What clients say to a shim, through its own connection, and what it answers: the same frames and the same input for the
//! process however the bytes are cut, nonsense ends the connection where it begins, and the daemon's reader understands
//! every answer.

use arbitrary::Unstructured;
use knarr_shim::parts::{Client, Heard, OUTPUT_BUFFER, Output, STDIN_BUFFER, Stdin};
use knarr_shim::parts::{HEAD, ask, read_head, tell, want};
use knarr_shim_client::{Decoder, Event};
use rustix::fd::OwnedFd;
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::{ioctl_fionread, pread, pwrite, read, write};
use rustix::net::{AddressFamily, Shutdown, SocketFlags, SocketType, shutdown, socketpair};

/// Longer inputs would not fit into the socket's buffer with its overhead for small pieces.
const LONGEST: usize = 16 * 1024;

/// What the process says in between.
const SAID: &[u8] = b"said";

pub fn run(data: &[u8]) {
    let data = &data[..data.len().min(LONGEST)];
    let mut choices = Unstructured::new(data);
    // The first bytes also say where all are cut.
    let cuts: Vec<usize> = (0..4).map(|_| choices.int_in_range(1..=64).unwrap_or(1)).collect();
    let expected = plainly(data);
    for cuts in [&[data.len().max(1)][..], &cuts] {
        let mut buffers = (vec![0; STDIN_BUFFER], vec![0; OUTPUT_BUFFER]);
        let conversation = Conversation::new(&mut buffers.0, &mut buffers.1);
        assert_eq!(conversation.hear(data, cuts), expected, "cut at {cuts:?}");
    }
}

/// What was understood.
#[derive(Debug, Default, PartialEq)]
struct Understood {
    /// Type and payload, without those of input.
    frames: Vec<(u8, Vec<u8>)>,
    input: Vec<u8>,
    nonsense: bool,
}

/// A second reading of the frames.
fn plainly(mut data: &[u8]) -> Understood {
    let mut understood = Understood::default();
    while let Some((head, rest)) = data.split_first_chunk::<HEAD>() {
        let known = read_head(*head).filter(|(kind, length)| length_of(*kind).is_none_or(|own| own == Some(*length)));
        let Some((kind, length)) = known else {
            understood.nonsense = true;
            break;
        };
        let payload = &rest[..length.min(rest.len())];
        if kind == ask::STDIN {
            // Passed on as it comes.
            understood.input.extend(payload);
        } else if payload.len() == length {
            understood.frames.push((kind, payload.to_vec()));
        }
        data = &rest[payload.len()..];
    }
    understood
}

/// The length that a frame must have: none for any, none inside for a type that there is not.
fn length_of(kind: u8) -> Option<Option<usize>> {
    match kind {
        ask::STDIN => None,
        ask::HELLO | ask::RESIZE => Some(Some(4)),
        ask::SIGNAL => Some(Some(8)),
        ask::STDIN_END | ask::GO | ask::ROTATE => Some(Some(0)),
        _ => Some(None),
    }
}

/// A client at one end, the shim's side of it at the other.
struct Conversation<'b> {
    speaker: OwnedFd,
    client: Client,
    stdin: Stdin<'b>,
    output: Output<'b>,
    /// What the process reads from.
    input: OwnedFd,
    understood: Understood,
    answers: i32,
}

impl<'b> Conversation<'b> {
    fn new(stdin: &'b mut [u8], output: &'b mut [u8]) -> Self {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (speaker, heard) =
            socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None).expect("a pair of sockets");
        let input = memfd_create("input", MemfdFlags::CLOEXEC).expect("a file in memory");
        let mut stdin = Stdin::new(stdin);
        stdin.open(Some(input.try_clone().expect("a second descriptor")));
        let output = Output::new(output);
        let client = Client::new(heard, false, &output);
        Self { speaker, client, stdin, output, input, understood: Understood::default(), answers: 0 }
    }

    fn hear(mut self, mut data: &[u8], cuts: &[usize]) -> Understood {
        for cut in cuts.iter().cycle() {
            let (piece, rest) = data.split_at(data.len().min(*cut));
            assert_eq!(write(&self.speaker, piece), Ok(piece.len()));
            self.listen();
            data = rest;
            if data.is_empty() || self.understood.nonsense {
                break;
            }
        }
        if !self.understood.nonsense {
            self.hang_up();
        }
        self.client.send(&self.output);
        self.say();
        self.check_answers();
        self.understood.input = contents(&self.input);
        self.understood
    }

    /// Until all that was sent is read. Answers wait until there is no room for more.
    fn listen(&mut self) {
        while ioctl_fionread(&self.client.fd) != Ok(0) {
            if !self.client.may_speak(&self.stdin) {
                self.client.send(&self.output);
            }
            assert!(self.client.may_speak(&self.stdin), "bytes are left that nobody will read");
            match self.client.read(&mut self.stdin) {
                Heard::Nothing => {}
                Heard::End => panic!("the end came before the end"),
                Heard::Frame(kind, payload) => self.obey(kind, payload),
                Heard::Nonsense => {
                    self.understood.nonsense = true;
                    return;
                }
            }
        }
    }

    fn obey(&mut self, kind: u8, payload: [u8; 8]) {
        let length = length_of(kind).flatten().expect("a frame of a type that there is");
        self.understood.frames.push((kind, payload[..length].to_vec()));
        let [a, b, c, d, ..] = payload;
        match kind {
            ask::HELLO => self.client.wants = u32::from_le_bytes([a, b, c, d]),
            ask::SIGNAL | ask::RESIZE => {
                self.client.tell(tell::ANSWER, &i32::to_le_bytes(self.answers));
                self.answers += 1;
            }
            _ => {}
        }
    }

    fn hang_up(&mut self) {
        shutdown(&self.speaker, Shutdown::Write).expect("a connected socket");
        assert!(matches!(self.client.read(&mut self.stdin), Heard::End) && self.client.ended);
    }

    /// Output of the process, for a client that wants it.
    fn say(&mut self) {
        for kind in [tell::STDOUT, tell::STDERR] {
            let said = memfd_create("said", MemfdFlags::CLOEXEC).expect("a file in memory");
            assert_eq!(pwrite(&said, SAID, 0), Ok(SAID.len()));
            assert_eq!(self.output.read(&said, kind), Ok(Some(SAID)));
        }
        self.client.send(&self.output);
        assert!(!self.client.must_hear(&self.output), "something is left to be said");
    }

    fn check_answers(&self) {
        let mut decoder = Decoder::default();
        let mut bytes = vec![0; LONGEST * 2];
        let mut events = Vec::new();
        while let Ok(length @ 1..) = read(&self.speaker, &mut bytes) {
            decoder.push(&bytes[..length]);
            while let Some(event) = decoder.next().expect("what a shim says is understood") {
                events.push(event);
            }
        }
        let wanted = |bit: u32, event: Event| (self.client.wants & bit != 0).then_some(event);
        let output =
            [wanted(want::STDOUT, Event::Stdout(SAID.to_vec())), wanted(want::STDERR, Event::Stderr(SAID.to_vec()))];
        let answers = (0..self.answers).map(Event::Answer);
        assert_eq!(events, answers.chain(output.into_iter().flatten()).collect::<Vec<_>>());
    }
}

fn contents(file: &OwnedFd) -> Vec<u8> {
    let mut bytes = vec![0; LONGEST];
    let length = pread(file, &mut bytes, 0).expect("a file in memory");
    bytes.truncate(length);
    bytes
}
