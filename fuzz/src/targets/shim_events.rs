//! What a shim says, as the daemon hears it: the same events however the bytes are cut, and by both readers.

use std::io::Cursor;

use arbitrary::Unstructured;
use knarr_shim_client::{Decoder, Event, MOST_PAYLOAD, read_event};

pub fn run(data: &[u8]) {
    let mut choices = Unstructured::new(data);
    // The last bytes say where the rest is cut.
    let cuts: Vec<usize> = (0..4).map(|_| choices.int_in_range(1..=64).unwrap_or(1)).collect();
    let whole = decode(data, &[data.len().max(1)]);
    assert_eq!(decode(data, &cuts), whole, "cut at {cuts:?}");
    assert_eq!(stream(data), whole, "read as a stream");
    let bytes: Vec<u8> = whole.0.iter().flat_map(encode).collect();
    assert!(data.starts_with(&bytes), "the events are not those of the bytes: {:?}", whole.0);
    assert!(whole.0.iter().all(within_limits));
}

/// The events, and whether nonsense came behind them.
type Heard = (Vec<Event>, bool);

fn decode(mut bytes: &[u8], cuts: &[usize]) -> Heard {
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    for cut in cuts.iter().cycle() {
        let (piece, rest) = bytes.split_at(bytes.len().min(*cut));
        decoder.push(piece);
        loop {
            match decoder.next() {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(_) => return (events, true),
            }
        }
        bytes = rest;
        if bytes.is_empty() {
            break;
        }
    }
    (events, false)
}

/// A stream that ends inside a frame is an error; bytes that may still be followed by more are none.
fn stream(bytes: &[u8]) -> Heard {
    let mut source = Cursor::new(bytes);
    let mut events = Vec::new();
    loop {
        match read_event(&mut source) {
            Ok(Some(event)) => events.push(event),
            Ok(None) => return (events, false),
            Err(knarr_shim_client::Error::Io { .. }) => return (events, false),
            Err(_) => return (events, true),
        }
    }
}

/// As the decision of the protocol has it, written down a second time.
fn encode(event: &Event) -> Vec<u8> {
    let (kind, payload) = match event {
        Event::Started(pid) => (1, pid.to_le_bytes().to_vec()),
        Event::Stdout(bytes) => (2, bytes.clone()),
        Event::Stderr(bytes) => (3, bytes.clone()),
        Event::Exited(exit) => {
            let (code, signal) = (exit.code.to_le_bytes(), exit.signal.to_le_bytes());
            (4, [&code[..], &signal, &exit.seconds.to_le_bytes(), &exit.nanoseconds.to_le_bytes()].concat())
        }
        Event::Failed(code) => (5, code.to_le_bytes().to_vec()),
        Event::Answer(errno) => (6, errno.to_le_bytes().to_vec()),
    };
    [&[kind, 0, 0, 0][..], &(payload.len() as u32).to_le_bytes(), &payload].concat()
}

fn within_limits(event: &Event) -> bool {
    match event {
        Event::Stdout(bytes) | Event::Stderr(bytes) => bytes.len() <= MOST_PAYLOAD,
        _ => true,
    }
}
