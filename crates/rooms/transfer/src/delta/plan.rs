//! Which chunks come from where. Pure.

use std::collections::HashMap;

use knarr_model::Digest;

use super::index::Chunk;

/// Ranges that are so near to each other are one: what is between them costs less than a request.
const NEAR: u64 = 16 << 10;

/// Where a chunk is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) blob: Digest,
    pub(super) offset: u64,
}

/// The next bytes of the blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// A chunk that is here.
    Here(Chunk, Place),
    /// So many bytes of the registry's.
    There(u64),
}

impl Piece {
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Here(chunk, _) => chunk.size,
            Self::There(size) => *size,
        }
    }
}

/// The blob's pieces in their order, neighbours from the registry joined. None where not even a tenth of it is here.
pub(super) fn plan(chunks: &[Chunk], here: &HashMap<Digest, Place>) -> Option<Vec<Piece>> {
    let mut pieces: Vec<Piece> = Vec::new();
    let (mut near, mut known, mut whole) = (0, 0, 0);
    for chunk in chunks {
        whole += chunk.size;
        match here.get(&chunk.digest) {
            Some(place) => {
                known += chunk.size;
                near += chunk.size;
                pieces.push(Piece::Here(chunk.clone(), place.clone()));
            }
            None => {
                let gap = pieces.iter().rposition(|piece| matches!(piece, Piece::There(_)));
                match gap.filter(|_| near <= NEAR) {
                    Some(at) => {
                        pieces.truncate(at + 1);
                        if let Some(Piece::There(size)) = pieces.last_mut() {
                            *size += near + chunk.size;
                        }
                    }
                    None => pieces.push(Piece::There(chunk.size)),
                }
                near = 0;
            }
        }
    }
    (known >= whole / 10 && known > 0).then_some(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_that_are_missing_are_one_range() {
        let chunk = |name: &str, size| Chunk { size, digest: Digest::of(name.as_bytes()) };
        let place = |offset| Place { blob: Digest::of(b"old"), offset };
        let here = HashMap::from([
            (Digest::of(b"a"), place(0)),
            (Digest::of(b"b"), place(100_000)),
            (Digest::of(b"small"), place(200_000)),
        ]);
        let (a, b, small) = (chunk("a", 100_000), chunk("b", 100_000), chunk("small", 10_000));
        let chunks = [
            chunk("x", 10),
            chunk("y", 20),
            a.clone(),
            chunk("z", 5),
            small.clone(),
            chunk("w", 7),
            b.clone(),
            a.clone(),
        ];
        let wanted = vec![
            Piece::There(30),
            Piece::Here(a.clone(), place(0)),
            Piece::There(10_012),
            Piece::Here(b, place(100_000)),
            Piece::Here(a, place(0)),
        ];
        let pieces = plan(&chunks, &here).unwrap();
        assert_eq!(pieces, wanted);
        assert_eq!(pieces.iter().map(Piece::size).sum::<u64>(), chunks.iter().map(|c| c.size).sum::<u64>());
        assert_eq!(plan(&chunks, &HashMap::new()), None);
        assert_eq!(plan(&[small, chunk("x", 1_000_000)], &here), None, "too little is here");
    }
}
