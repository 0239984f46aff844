//! The shim's entry: all of it is in the library, where others can try its parts.
#![cfg_attr(not(test), no_std, no_main)]

#[cfg(not(test))]
knarr_sys::program!(knarr_shim::run);
