//! Names: checked, or made up.

use knarr_model::{Fault, Result, valid_name};

const ADJECTIVES: [&str; 64] = [
    "able", "amber", "ample", "bold", "brave", "breezy", "bright", "brisk", "calm", "candid", "clear", "clever",
    "cosy", "crisp", "deft", "eager", "early", "fair", "fleet", "fresh", "frosty", "gentle", "glad", "golden", "grand",
    "hardy", "hazel", "honest", "humble", "jolly", "keen", "kind", "lively", "loyal", "lucid", "mellow", "merry",
    "mild", "misty", "neat", "nimble", "noble", "northern", "open", "placid", "plucky", "proud", "quick", "quiet",
    "rapid", "ready", "robust", "salty", "sharp", "silver", "sleek", "steady", "stout", "sunny", "swift", "tidy",
    "trusty", "vivid", "windy",
];
const NOUNS: [&str; 64] = [
    "anchor",
    "barge",
    "bay",
    "beacon",
    "bollard",
    "bow",
    "brig",
    "buoy",
    "cabin",
    "canvas",
    "captain",
    "cargo",
    "chart",
    "clipper",
    "coast",
    "compass",
    "coral",
    "cove",
    "crane",
    "current",
    "cutter",
    "deck",
    "delta",
    "dock",
    "dory",
    "ferry",
    "fjord",
    "fleet",
    "frigate",
    "galley",
    "gull",
    "harbour",
    "haven",
    "helm",
    "herring",
    "hull",
    "island",
    "jetty",
    "keel",
    "ketch",
    "lagoon",
    "lantern",
    "lighthouse",
    "longship",
    "mast",
    "mooring",
    "oar",
    "otter",
    "pier",
    "pilot",
    "porpoise",
    "quay",
    "reef",
    "rudder",
    "sail",
    "schooner",
    "seal",
    "skiff",
    "sloop",
    "strait",
    "tide",
    "tiller",
    "trawler",
    "wharf",
];

/// The name that a user asked for, without the leading slash, refused in Docker's words where it could be a path.
pub(crate) fn checked(name: &str) -> Result<String> {
    let bare = name.strip_prefix('/').unwrap_or(name);
    if valid_name(bare) {
        return Ok(bare.to_owned());
    }
    let text = format!("Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
    Err(Fault::invalid(text))
}

/// A name for a container without one; `tries` adds digits once plain ones seem to be taken.
pub(crate) fn made_up(tries: u32) -> String {
    let mut bytes = [0u8; 3];
    // Without randomness the first words come out: the caller tries again with digits where they are taken.
    let _ = getrandom::fill(&mut bytes);
    let word = |list: &'static [&'static str], byte: u8| list[usize::from(byte) % list.len()];
    let plain = format!("{}_{}", word(&ADJECTIVES, bytes[0]), word(&NOUNS, bytes[1]));
    if tries == 0 { plain } else { format!("{plain}{}", u32::from(bytes[2]).wrapping_add(tries)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_names_are_valid_and_paths_are_not() {
        assert!(checked(&made_up(0)).is_ok() && checked(&made_up(3)).is_ok());
        assert_eq!(checked("/web").unwrap(), "web");
        for bad in ["../x", "a/b", "", "/", "x\n"] {
            assert!(checked(bad).is_err(), "{bad}");
        }
    }
}
