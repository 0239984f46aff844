//! D-Bus messages (the D-Bus specification, "Message Protocol"), little-endian, as far as they are needed here.

use crate::{Error, Property, Result, Value};

/// Kinds of messages.
pub const CALL: u8 = 1;
/// An answer.
pub const REPLY: u8 = 2;
/// An answer that refuses.
pub const ERROR: u8 = 3;
/// What nobody asked for.
pub const SIGNAL: u8 = 4;

/// Bytes before a message's length is known.
pub const HEAD: usize = 16;
/// Larger messages are refused.
const LIMIT: usize = 1 << 20;

/// Bytes under construction; alignment counts from their beginning.
#[derive(Debug, Default)]
pub struct Writer(pub Vec<u8>);

impl Writer {
    fn align(&mut self, to: usize) {
        self.0.resize(self.0.len().next_multiple_of(to), 0);
    }

    fn number(&mut self, value: u32) {
        self.align(4);
        self.0.extend(value.to_le_bytes());
    }

    /// A text, or an object's path.
    pub fn text(&mut self, text: &str) {
        self.number(text.len() as u32);
        self.0.extend(text.as_bytes());
        self.0.push(0);
    }

    fn signature(&mut self, signature: &str) {
        self.0.push(signature.len() as u8);
        self.0.extend(signature.as_bytes());
        self.0.push(0);
    }

    /// An array whose elements are aligned to `align`, which do not count in its length.
    fn array(&mut self, align: usize, fill: impl FnOnce(&mut Self)) {
        self.number(0);
        let at = self.0.len() - 4;
        self.align(align);
        let start = self.0.len();
        fill(self);
        let length = (self.0.len() - start) as u32;
        self.0[at..at + 4].copy_from_slice(&length.to_le_bytes());
    }

    /// `a(sv)`.
    pub fn properties(&mut self, properties: &[Property]) {
        self.array(8, |writer| {
            for (name, value) in properties {
                writer.align(8);
                writer.text(name);
                writer.value(value);
            }
        });
    }

    /// An empty `a(sa(sv))`.
    pub fn no_units(&mut self) {
        self.array(8, |_| {});
    }

    /// A flag.
    pub fn flag(&mut self, value: bool) {
        self.number(value.into());
    }

    fn value(&mut self, value: &Value) {
        self.signature(value.signature());
        match value {
            Value::Text(text) => self.text(text),
            Value::Flag(flag) => self.flag(*flag),
            Value::Number(number) => {
                self.align(8);
                self.0.extend(number.to_le_bytes());
            }
            Value::Pids(pids) => self.array(4, |writer| pids.iter().for_each(|pid| writer.number(*pid))),
            Value::Names(names) => self.array(4, |writer| names.iter().for_each(|name| writer.text(name))),
            Value::Bytes(bytes) => self.array(1, |writer| writer.0.extend(bytes)),
        }
    }
}

/// A call of systemd's manager.
pub fn call(serial: u32, member: &str, signature: &str, body: &[u8]) -> Vec<u8> {
    let mut message = Writer(vec![b'l', CALL, 0, 1]);
    message.number(body.len() as u32);
    message.number(serial);
    let fields = [
        (1, "o", "/org/freedesktop/systemd1"),
        (2, "s", "org.freedesktop.systemd1.Manager"),
        (3, "s", member),
        (6, "s", "org.freedesktop.systemd1"),
    ];
    message.array(8, |writer| {
        for (code, kind, text) in fields {
            writer.align(8);
            writer.0.push(code);
            writer.signature(kind);
            writer.text(text);
        }
        if !signature.is_empty() {
            writer.align(8);
            writer.0.push(8);
            writer.signature("g");
            writer.signature(signature);
        }
    });
    message.align(8);
    message.0.extend(body);
    message.0
}

/// A message that came.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// One of [`REPLY`], [`ERROR`], [`SIGNAL`].
    pub kind: u8,
    /// Which call it answers.
    pub answers: u32,
    /// What it is called.
    pub member: String,
    /// The texts and paths of its body, in order; numbers are left out.
    pub texts: Vec<String>,
}

/// How long a message is whose first [`HEAD`] bytes these are.
pub fn length(head: &[u8; HEAD]) -> Result<usize> {
    let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize;
    if head[0] != b'l' {
        return Err(Error::Message("it is not little-endian"));
    }
    let (body, fields) = (number(4), number(12));
    if body > LIMIT || fields > LIMIT {
        return Err(Error::Message("it is too long"));
    }
    Ok((HEAD + fields).next_multiple_of(8) + body)
}

/// Reads a whole message.
pub fn read(bytes: &[u8]) -> Result<Message> {
    let mut reader = Reader { bytes, at: 12 };
    let mut message = Message { kind: bytes.get(1).copied().unwrap_or(0), ..Message::default() };
    let end = 16 + reader.number()? as usize;
    let mut signature = String::new();
    while reader.at < end {
        reader.align(8);
        let code = reader.byte()?;
        let kind = reader.signature()?;
        match (code, kind.as_str()) {
            (5, "u") => message.answers = reader.number()?,
            (3 | 4, "s") => message.member = reader.text()?,
            (8, "g") => signature = reader.signature()?,
            (_, "s" | "o") => drop(reader.text()?),
            (_, "u") => drop(reader.number()?),
            (_, "g") => drop(reader.signature()?),
            _ => return Err(Error::Message("a header field has an unknown type")),
        }
    }
    reader.align(8);
    for kind in signature.chars() {
        match kind {
            's' | 'o' => message.texts.push(reader.text()?),
            'u' | 'b' | 'i' => drop(reader.number()?),
            // What follows is of no interest here.
            _ => break,
        }
    }
    Ok(message)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take(&mut self, length: usize) -> Result<&[u8]> {
        let end = self.at.checked_add(length).ok_or(Error::Message("a length is too long"))?;
        let taken = self.bytes.get(self.at..end).ok_or(Error::Message("it is cut off"))?;
        self.at = end;
        Ok(taken)
    }

    fn align(&mut self, to: usize) {
        self.at = self.at.next_multiple_of(to);
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn number(&mut self) -> Result<u32> {
        self.align(4);
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn text(&mut self) -> Result<String> {
        let length = self.number()? as usize;
        self.ended(length)
    }

    fn signature(&mut self) -> Result<String> {
        let length = self.byte()?.into();
        self.ended(length)
    }

    fn ended(&mut self, length: usize) -> Result<String> {
        let text = String::from_utf8(self.take(length)?.to_vec()).map_err(|_| Error::Message("a text is not UTF-8"))?;
        self.take(1)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let mut body = Writer::default();
        body.text("unit.scope");
        body.text("replace");
        let bytes = call(7, "StopUnit", "ss", &body.0);
        assert_eq!(length(bytes[..HEAD].try_into().unwrap()).unwrap(), bytes.len());
        let message = read(&bytes).unwrap();
        assert_eq!((message.kind, message.member.as_str()), (CALL, "StopUnit"));
        assert_eq!(message.texts, ["unit.scope", "replace"]);
    }

    #[test]
    fn no_message_that_is_cut_or_bent_is_more_than_an_error() {
        let mut body = Writer::default();
        body.properties(&[("PIDs", Value::Pids(vec![1, 2])), ("Slice", Value::Text("a.slice".into()))]);
        let bytes = call(1, "StartTransientUnit", "a(sv)", &body.0);
        for end in 0..bytes.len() {
            let _cut = read(&bytes[..end]);
        }
        for at in 0..bytes.len() {
            for value in [0, 0x7f, 0xff] {
                let mut bent = bytes.clone();
                bent[at] = value;
                let _bent = read(&bent);
            }
        }
    }
}
