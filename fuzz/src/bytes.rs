//! Changed bytes: what keeps the targets honest where no fuzzer runs.

use crate::Numbers;

/// Bytes at which parsers turn.
const TURNS: &[u8] = b"\0\n :,-/\\\"{}[]0919\x7f\x80\xff";

/// `input` with one to four changes, in which pieces of `other` may appear.
pub fn mutate(numbers: &mut Numbers, input: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=numbers.below(4) {
        change(numbers, &mut bytes, other);
    }
    bytes
}

fn change(numbers: &mut Numbers, bytes: &mut Vec<u8>, other: &[u8]) {
    let at = numbers.below(bytes.len() + 1);
    let end = (at + numbers.below(16)).min(bytes.len());
    match numbers.below(7) {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, TURNS[numbers.below(TURNS.len())]),
        2 => drop(bytes.drain(at..end)),
        3 => {
            let piece = bytes[at..end].to_vec();
            bytes.splice(at..at, piece);
        }
        4 => {
            let from = numbers.below(other.len() + 1);
            let piece = &other[from..(from + numbers.below(64)).min(other.len())];
            bytes.splice(at..end, piece.iter().copied());
        }
        kind => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = if kind == 5 { TURNS[numbers.below(TURNS.len())] } else { *byte ^ 1 << numbers.below(8) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_changes_are_the_same_each_time_and_not_all_alike() {
        let many = |seed| -> Vec<_> {
            let mut numbers = Numbers::new(seed);
            (0..100).map(|_| mutate(&mut numbers, b"0123456789", b"abcdef")).collect()
        };
        assert_eq!(many(1), many(1));
        assert_ne!(many(1), many(2));
        assert!(many(1).iter().filter(|bytes| bytes.as_slice() != b"0123456789").count() > 90);
    }
}
