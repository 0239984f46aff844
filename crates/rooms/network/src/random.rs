//! Random names.

use rustix::rand::{GetRandomFlags, getrandom};

/// `N` random bytes.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Requests of at most 256 bytes are neither cut short nor interrupted once the pool is seeded (getrandom(2)).
    while getrandom(&mut bytes[..], GetRandomFlags::empty()) != Ok(N) {}
    bytes
}

/// `N` random bytes as lower-case hex digits.
pub(crate) fn hex<const N: usize>() -> String {
    bytes::<N>().iter().map(|byte| format!("{byte:02x}")).collect()
}
