//! The system call filter: from the policy to the program that the kernel runs.
//!
//! ```text
//! policy/seccomp.json ─┐  resolve: capabilities,      compile: cBPF       install: seccomp(2)
//! a user's profile ────┴─ kernel, architecture ──▶ spec::Seccomp ──▶ Program ──▶ the container's process
//! ```
//!
//! [`default_profile`] and [`Profile`] give a [`knarr_spec::Seccomp`], [`compile()`] turns it into a [`Program`], and
//! [`install`] is called in the child just before it becomes the container's program.
//!
//! A program looks at the architecture, then finds the call's number in a balanced tree of number ranges, then tests
//! arguments where a rule has conditions:
//!
//! ```text
//! load arch ─ x86_64? ─ load nr ─ ≥ 0x40000000? ─ x32 tree
//!                                └ tree ─ allow | errno | … | arguments ─ …
//!           ─ i386?   ─ load nr ─ tree
//!           ─ other: kill the process
//! ```
//!
//! Invariants: a rule with conditions goes before one without, else the first in the list wins; a profile that cannot be
//! understood is an error, never "no filter" (flaw row 19); conditions compare all 64 bits unless masked (row 20).
#![forbid(unsafe_code)]

mod action;
mod arch;
mod assemble;
mod compile;
mod condition;
mod error;
mod profile;
mod program;
mod tables;

pub use action::ACTIONS;
pub use arch::{ARCHITECTURES, Arch};
pub use compile::{compile, compile_for};
pub use condition::OPERATORS;
pub use error::{Error, Result};
pub use knarr_sys::seccomp::Insn;
pub use profile::{Flavour, Host, Profile, default_profile};
pub use program::{FLAGS, LONGEST, Program, install};

#[cfg(any(test, feature = "oracle"))]
pub mod interpret;
#[cfg(test)]
mod tests;
