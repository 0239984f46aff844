//! One of the targets under libFuzzer: the one that `KNARR_FUZZ_TARGET` names.
#![no_main]

use std::sync::LazyLock;

use knarr_fuzz::{Form, Numbers, Target};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

static CHOSEN: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("KNARR_FUZZ_TARGET").unwrap_or_default();
    knarr_fuzz::find(&name).unwrap_or_else(|| panic!("KNARR_FUZZ_TARGET={name:?} names no target"))
});

fuzz_target!(|data: &[u8]| (CHOSEN.run)(data));

// Documents are changed by our own mutator half of the time: libFuzzer's knows nothing of JSON.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if CHOSEN.form == Form::Json && seed % 2 == 0 {
        let changed = CHOSEN.mutate(&mut Numbers::new(seed.into()), &data[..size], &[]);
        if changed.len() <= max_size {
            data[..changed.len()].copy_from_slice(&changed);
            return changed.len();
        }
    }
    fuzzer_mutate(data, size, max_size)
});
