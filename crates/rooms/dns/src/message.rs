//! Messages of RFC 1035: as much as a server needs that answers for a few names and passes all else on as it came.

use std::net::Ipv4Addr;

const HEADER: usize = 12;
const LONGEST_NAME: usize = 255;
/// Bits of the first flag byte: an answer; the operation; recursion desired.
const ANSWER: u8 = 0x80;
const OPERATION: u8 = 0x78;
const RECURSION: u8 = 0x01;
/// Of the second: recursion is available.
const AVAILABLE: u8 = 0x80;
/// A pointer to the question's name.
const SAME_NAME: [u8; 2] = [0xc0, HEADER as u8];
const INTERNET: u16 = 1;

/// An address.
pub(crate) const A: u16 = 1;
/// A name of an address.
pub(crate) const PTR: u16 = 12;

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// Here it is; without records: the name has nothing of this type.
    Fine = 0,
    /// Nobody could be asked.
    Failure = 2,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Data {
    Address(Ipv4Addr),
    Name(String),
}

/// A question of one name, and the message that it came in.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    message: &'a [u8],
    /// Where the question ends.
    end: usize,
    /// In lower case, without its last dot. Empty where it has bytes that no name of ours has.
    pub(crate) name: String,
    /// Which records are asked for.
    pub(crate) kind: u16,
}

impl<'a> Question<'a> {
    /// None for what is no plain question.
    pub(crate) fn parse(message: &'a [u8]) -> Option<Self> {
        let header = message.get(..HEADER)?;
        if header[2] & (ANSWER | OPERATION) != 0 || header[4..6] != [0, 1] {
            return None;
        }
        let (name, after) = name(message)?;
        let fixed = message.get(after..after + 4)?;
        Some(Self { message, end: after + 4, name, kind: u16::from_be_bytes([fixed[0], fixed[1]]) })
    }

    /// The answer to it.
    pub(crate) fn answer(&self, code: Code, records: &[Data]) -> Vec<u8> {
        let count = u16::try_from(records.len()).unwrap_or(u16::MAX);
        let mut text = Vec::with_capacity(self.end + records.len() * 16);
        text.extend(&self.message[..2]);
        text.extend([ANSWER | (self.message[2] & RECURSION), AVAILABLE | code as u8, 0, 1]);
        text.extend(count.to_be_bytes());
        text.extend([0; 4]);
        text.extend(&self.message[HEADER..self.end]);
        for record in records.iter().take(count.into()) {
            put(&mut text, record);
        }
        text
    }

    /// Whether `answer` is one to this question.
    pub(crate) fn is_answered_by(&self, answer: &[u8]) -> bool {
        let same = |range: std::ops::Range<usize>| answer.get(range.clone()) == self.message.get(range);
        same(0..2) && answer.get(2).is_some_and(|flags| flags & ANSWER != 0) && same(HEADER..self.end)
    }
}

/// The name behind the header, and where it ends.
fn name(message: &[u8]) -> Option<(String, usize)> {
    let (mut labels, mut at) = (Vec::new(), HEADER);
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        // Lengths over 63 are pointers, which a question's name has no use for.
        let label = message.get(at..at + length).filter(|_| length <= 63)?;
        labels.push(label);
        at += length;
        if at - HEADER > LONGEST_NAME {
            return None;
        }
    }
    let plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b'.';
    if !labels.iter().all(|label| label.iter().all(plain)) {
        return Some((String::new(), at));
    }
    let text = labels.join(&b'.');
    Some((String::from_utf8_lossy(&text).to_ascii_lowercase(), at))
}

fn put(text: &mut Vec<u8>, record: &Data) {
    let (kind, data) = match record {
        Data::Address(address) => (A, address.octets().to_vec()),
        Data::Name(name) => (PTR, encoded(name)),
    };
    text.extend(SAME_NAME);
    text.extend(kind.to_be_bytes());
    text.extend(INTERNET.to_be_bytes());
    // Time to live: none.
    text.extend([0; 4]);
    text.extend(u16::try_from(data.len()).unwrap_or_default().to_be_bytes());
    text.extend(data);
}

/// A name as labels; what is longer than a label may be is cut.
fn encoded(name: &str) -> Vec<u8> {
    let mut text = Vec::with_capacity(name.len() + 2);
    for label in name.split('.').filter(|label| !label.is_empty()) {
        let label = &label.as_bytes()[..label.len().min(63)];
        text.push(label.len() as u8);
        text.extend(label);
    }
    text.push(0);
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A question as a client sends it.
    pub(crate) fn asked(name: &str, kind: u16) -> Vec<u8> {
        let mut message = vec![0xab, 0xcd, RECURSION, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        message.extend(encoded(name));
        message.extend(kind.to_be_bytes());
        message.extend(INTERNET.to_be_bytes());
        message
    }

    #[test]
    fn a_question_is_read_without_regard_to_case() {
        let message = asked("Db.Net", A);
        let question = Question::parse(&message).unwrap();
        assert_eq!((question.name.as_str(), question.kind), ("db.net", A));
        let odd = asked("a b", A);
        assert_eq!(Question::parse(&odd).unwrap().name, "");
    }

    #[test]
    fn an_answer_repeats_its_question() {
        let message = asked("db", A);
        let question = Question::parse(&message).unwrap();
        let answer = question.answer(Code::Fine, &[Data::Address(Ipv4Addr::new(10, 0, 0, 2))]);
        assert!(question.is_answered_by(&answer));
        assert_eq!(answer[2..8], [0x81, 0x80, 0, 1, 0, 1]);
        assert_eq!(answer[message.len()..], [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 10, 0, 0, 2]);
        assert!(!question.is_answered_by(&message));
        let other = asked("dc", A);
        let other = Question::parse(&other).unwrap().answer(Code::Failure, &[]);
        assert!(!question.is_answered_by(&other));
    }

    #[test]
    fn nonsense_is_no_question() {
        let whole = asked("db", A);
        for length in 0..whole.len() {
            assert!(Question::parse(&whole[..length]).is_none(), "{length}");
        }
        let mut answer = whole.clone();
        answer[2] |= ANSWER;
        let mut pointer = whole.clone();
        pointer[HEADER] = 0xc0;
        let mut two = whole;
        two[5] = 2;
        let endless = [&[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], &[1, b'a'].repeat(400)].concat();
        for bad in [answer, pointer, two, endless] {
            assert!(Question::parse(&bad).is_none());
        }
    }
}
