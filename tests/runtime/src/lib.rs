//! Cases for any OCI runtime: one feature a file below `cases/`, each case first shown to hold on a runtime that the
//! world trusts ([`Oracle`]), then on ours.
//!
//! ```text
//! cases/<feature>.rs ─ CASES: name, clauses of the specification, oracle, function
//!                                                                          │
//! Runtime (runc · crun · ours · $RUNTIME) ──makes──▶ Bundle ◀──drives──────┘
//!                                                     └ dropped: deleted, and then nothing of it may be left
//! ```
//!
//! Documents are JSON here, not the product's own types: a field that we name wrongly must fail.
#![forbid(unsafe_code)]

mod apparmor;
mod bundle;
mod case;
mod console;
mod document;
mod elf;
mod leftovers;
mod outcome;
mod process;
mod root;
mod runtime;
mod text;

pub use apparmor::{Profile, apparmor_is_on};
pub use bundle::{Bundle, DESCRIPTORS};
pub use case::{Case, Oracle};
pub use console::{Console, receive};
pub use document::Document;
pub use elf::{ELF_DATA, old_system_call, system_call};
pub use leftovers::{by_version, cgroup_file, cgroup_folders, hierarchies, is_unlimited};
pub use outcome::Outcome;
pub use process::{ended, until};
pub use root::make_root;
pub use runtime::Runtime;
pub use text::{MountLine, capability_sets, status_field};
