//! Where a stream of bytes is cut into chunks: by what is around the place, so that a change moves only the cuts near it.
//!
//! FastCDC (Xia et al., 2016) with a gear hash over the last 64 bytes and two thresholds: cuts are rare before the usual length and
//! frequent behind it. The numbers are part of docs/formats/delta.md: other numbers cut elsewhere, and nothing is shared.

/// No chunk but the last is shorter.
const SHORTEST: usize = 16 << 10;
/// Where cuts become frequent.
const USUAL: usize = 64 << 10;
/// No chunk is longer.
pub(crate) const LONGEST: usize = 256 << 10;
/// High bits of the hash that must be zero before, and behind, the usual length.
const RARE: u32 = 18;
const FREQUENT: u32 = 14;

/// A random number for each byte: splitmix64 from 0.
const GEAR: [u64; 256] = gear();

const fn gear() -> [u64; 256] {
    let (mut table, mut state, mut i) = ([0; 256], 0u64, 0);
    while i < table.len() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        table[i] = mixed ^ (mixed >> 31);
        i += 1;
    }
    table
}

/// The length of the first chunk of `data`, which is the stream's rest or at least [`LONGEST`] bytes of it.
pub(crate) fn cut(data: &[u8]) -> usize {
    let end = data.len().min(LONGEST);
    let mut hash = 0u64;
    for (i, byte) in data[..end].iter().enumerate().skip(SHORTEST) {
        hash = (hash << 1).wrapping_add(GEAR[usize::from(*byte)]);
        let zeros = if i < USUAL { RARE } else { FREQUENT };
        if hash.leading_zeros() >= zeros {
            return i + 1;
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn noise(length: usize, mut state: u64) -> Vec<u8> {
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        };
        (0..length).map(|_| next()).collect()
    }

    fn chunks(mut data: &[u8]) -> Vec<&[u8]> {
        let mut found = Vec::new();
        while !data.is_empty() {
            let (chunk, rest) = data.split_at(cut(data));
            found.push(chunk);
            data = rest;
        }
        found
    }

    #[test]
    fn chunks_have_their_lengths_and_nothing_is_lost() {
        let data = noise(8 << 20, 1);
        let found = chunks(&data);
        assert_eq!(found.concat(), data);
        let (last, others) = found.split_last().unwrap();
        assert!(last.len() <= LONGEST && others.iter().all(|c| (SHORTEST..=LONGEST).contains(&c.len())));
        let usual = data.len() / found.len();
        assert!((48 << 10..96 << 10).contains(&usual), "{usual}");
        assert!(chunks(&vec![0; 1 << 20]).len() <= 64, "bytes without any change are cut somewhere");
    }

    /// The table, and so every cut, is the same for ever.
    #[test]
    fn cuts_are_where_the_format_says() {
        assert_eq!(GEAR[0], 0xe220_a839_7b1d_cdaf);
        let lengths: Vec<usize> = chunks(&noise(1 << 20, 7)).iter().take(4).map(|c| c.len()).collect();
        assert_eq!(lengths, [71_068, 76_606, 80_637, 72_139]);
    }

    #[test]
    fn a_change_moves_the_cuts_near_it_only() {
        let before = noise(8 << 20, 3);
        let after = [&before[..4 << 20], b"some bytes more", &before[4 << 20..]].concat();
        let known: HashSet<&[u8]> = chunks(&before).into_iter().collect();
        let new = chunks(&after).into_iter().filter(|c| !known.contains(c)).count();
        assert!(new <= 3, "{new} chunks changed");
    }
}
