//! From a policy to classic BPF.

mod checker;
mod meaning;
pub mod policy;
pub mod profile;
