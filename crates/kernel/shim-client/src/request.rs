//! What a client says.

use crate::protocol::{MOST, ask, head};

/// A frame to the shim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request<'a> {
    /// What the client wants: bits of [`crate::want`]. The first frame of a connection.
    Hello(u32),
    /// Input for the process; longer than a frame is split.
    Stdin(&'a [u8]),
    /// No more input from anybody (heeded with [`crate::Input::Once`]).
    StdinEnd,
    /// The terminal's size; answered by [`crate::Event::Answer`].
    Resize {
        /// Lines.
        rows: u16,
        /// Characters a line.
        columns: u16,
    },
    /// A signal for the process; answered by [`crate::Event::Answer`].
    Signal {
        /// Its number.
        number: u32,
        /// Whether it goes to the process's whole group.
        whole_group: bool,
    },
    /// Run the runtime; only the connection that [`crate::spawn`] gave may say so.
    Go,
    /// Open the log by its name again.
    Rotate,
}

impl Request<'_> {
    /// The bytes to send.
    pub fn encode(&self) -> Vec<u8> {
        match *self {
            Self::Hello(wants) => frame(ask::HELLO, &wants.to_le_bytes()),
            Self::Stdin(bytes) => bytes.chunks(MOST).flat_map(|part| frame(ask::STDIN, part)).collect(),
            Self::StdinEnd => frame(ask::STDIN_END, &[]),
            Self::Resize { rows, columns } => frame(ask::RESIZE, &[rows.to_le_bytes(), columns.to_le_bytes()].concat()),
            Self::Signal { number, whole_group } => {
                frame(ask::SIGNAL, &[number.to_le_bytes(), u32::from(whole_group).to_le_bytes()].concat())
            }
            Self::Go => frame(ask::GO, &[]),
            Self::Rotate => frame(ask::ROTATE, &[]),
        }
    }
}

fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = head(kind, payload.len() as u32).to_vec();
    bytes.extend_from_slice(payload);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_those_of_the_contract() {
        assert_eq!(Request::Go.encode(), [6, 0, 0, 0, 0, 0, 0, 0]);
        let resize = Request::Resize { rows: 24, columns: 0x150 };
        assert_eq!(resize.encode(), [4, 0, 0, 0, 4, 0, 0, 0, 24, 0, 0x50, 1]);
        let signal = Request::Signal { number: 15, whole_group: true };
        assert_eq!(signal.encode(), [5, 0, 0, 0, 8, 0, 0, 0, 15, 0, 0, 0, 1, 0, 0, 0]);
    }

    #[test]
    fn long_input_is_split() {
        let bytes = Request::Stdin(&vec![7; MOST + 1]).encode();
        assert_eq!(bytes.len(), 8 + MOST + 8 + 1);
        assert_eq!(bytes[8 + MOST..], [2, 0, 0, 0, 1, 0, 0, 0, 7]);
        assert!(Request::Stdin(&[]).encode().is_empty());
    }
}
