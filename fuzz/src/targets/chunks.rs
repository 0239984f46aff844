//! Chunks of layers: frames are the stream's bytes one after another, each with its digest and of a bounded length; an index that is believed
//! makes up its blob, and has only one spelling.

use knarr_model::Digest;
use knarr_model::oci::Descriptor;
use knarr_transfer::parts::{encode, frames, parse};

/// The longest chunk that is understood.
const LONGEST: u64 = 1 << 20;

pub fn run(data: &[u8]) {
    let mut end = 0;
    let walked = frames(data, |offset, chunk| {
        assert!(offset == end && (1..=LONGEST).contains(&chunk.size), "{offset} {chunk:?} behind {end}");
        end += chunk.size;
        let place = usize::try_from(offset).unwrap()..usize::try_from(end).unwrap();
        assert_eq!(Digest::of(&data[place]), chunk.digest);
    });
    assert!(walked.is_err() || end == data.len() as u64, "{end} of {} bytes are in frames", data.len());
    index(data);
}

/// The text as an index of the blob that it names, with the size that its lines add up to.
fn index(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Some(Ok(digest)) = text.lines().nth(1).map(str::parse::<Digest>) else { return };
    let sizes = text.lines().skip(2).filter_map(|line| line.split(' ').next()?.parse::<u64>().ok());
    let size = sizes.fold(0, u64::wrapping_add);
    let blob = Descriptor {
        media_type: String::new(),
        digest: digest.clone(),
        size,
        platform: None,
        annotations: Default::default(),
        artifact_type: None,
    };
    let Ok(chunks) = parse(data, &blob) else { return };
    assert!(chunks.iter().all(|chunk| (1..=LONGEST).contains(&chunk.size)));
    assert_eq!(chunks.iter().map(|chunk| chunk.size).sum::<u64>(), size);
    assert_eq!(encode(&digest, &chunks).as_bytes(), data);
}
