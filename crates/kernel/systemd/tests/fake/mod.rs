//! A socket that says what systemd says.
#![allow(dead_code)]

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread::JoinHandle;

/// Answers some clients, one after the other: for each call by name what to send back; gives the names of the calls that came.
pub fn serve(
    path: &Path,
    clients: u32,
    answer: impl Fn(&str, u32) -> Vec<Vec<u8>> + Send + 'static,
) -> JoinHandle<Vec<String>> {
    let listener = UnixListener::bind(path).unwrap();
    std::thread::spawn(move || {
        let mut calls = Vec::new();
        for _ in 0..clients {
            let (stream, _) = listener.accept().unwrap();
            calls.extend(serve_one(&stream, &answer));
        }
        calls
    })
}

fn serve_one(stream: &UnixStream, answer: &impl Fn(&str, u32) -> Vec<Vec<u8>>) -> Vec<String> {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    greet(&mut reader, stream);
    let mut calls = Vec::new();
    while let Some((serial, name)) = next_call(&mut reader) {
        for message in answer(&name, serial) {
            (&*stream).write_all(&message).unwrap();
        }
        calls.push(name);
    }
    calls
}

fn greet(reader: &mut BufReader<UnixStream>, mut stream: &UnixStream) {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert!(line.starts_with("\0AUTH EXTERNAL "), "{line:?}");
    stream.write_all(b"OK 1234deadbeef\r\n").unwrap();
    line.clear();
    reader.read_line(&mut line).unwrap();
    assert_eq!(line, "BEGIN\r\n");
}

fn next_call(reader: &mut impl Read) -> Option<(u32, String)> {
    let mut head = [0u8; 16];
    reader.read_exact(&mut head).ok()?;
    let number = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap());
    let mut rest = vec![0; (16 + number(12) as usize).next_multiple_of(8) - 16 + number(4) as usize];
    reader.read_exact(&mut rest).unwrap();
    let text = String::from_utf8_lossy(&rest);
    let known = ["Subscribe", "StartTransientUnit", "SetUnitProperties", "StopUnit", "ResetFailedUnit"];
    let name = known.into_iter().find(|name| text.contains(&format!("{name}\0"))).unwrap();
    Some((number(8), name.to_owned()))
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_le_bytes(), text.as_bytes(), &[0]].concat()
}

fn pad(bytes: &mut Vec<u8>, to: usize) {
    bytes.resize(bytes.len().next_multiple_of(to), 0);
}

fn message(kind: u8, fields: &[(u8, &str, Vec<u8>)], body: &[u8]) -> Vec<u8> {
    let mut array = Vec::new();
    for (code, signature, value) in fields {
        pad(&mut array, 8);
        array.push(*code);
        array.extend([&[signature.len() as u8], signature.as_bytes(), &[0]].concat());
        if *signature != "g" {
            pad(&mut array, 4);
        }
        array.extend(value);
    }
    let mut bytes = vec![b'l', kind, 0, 1];
    bytes.extend((body.len() as u32).to_le_bytes());
    bytes.extend(1u32.to_le_bytes());
    bytes.extend((array.len() as u32).to_le_bytes());
    bytes.extend(array);
    pad(&mut bytes, 8);
    bytes.extend(body);
    bytes
}

fn signature(text: &str) -> (u8, &'static str, Vec<u8>) {
    (8, "g", [&[text.len() as u8], text.as_bytes(), &[0]].concat())
}

/// An answer without anything in it.
pub fn reply(serial: u32) -> Vec<u8> {
    message(2, &[(5, "u", serial.to_le_bytes().to_vec())], &[])
}

/// An answer that names a job.
pub fn job(serial: u32) -> Vec<u8> {
    message(2, &[(5, "u", serial.to_le_bytes().to_vec()), signature("o")], &text("/job/5"))
}

/// An answer that refuses.
pub fn refusal(serial: u32, why: &str) -> Vec<u8> {
    let fields = [(4, "s", text("org.x.Error")), (5, "u", serial.to_le_bytes().to_vec()), signature("s")];
    message(3, &fields, &text(why))
}

/// The signal that a job has ended.
pub fn removed(job: &str, result: &str) -> Vec<u8> {
    let mut body = 5u32.to_le_bytes().to_vec();
    for word in [job, "some.scope", result] {
        pad(&mut body, 4);
        body.extend(text(word));
    }
    message(4, &[(3, "s", text("JobRemoved")), signature("uoss")], &body)
}
