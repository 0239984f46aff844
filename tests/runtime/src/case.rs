//! A case: what is shown, for which clauses, and who shows it first.

use crate::Runtime;

/// Something that holds on a runtime.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The function's name.
    pub name: &'static str,
    /// Clauses of `docs/conformance.md` that it shows.
    pub clauses: &'static [&'static str],
    /// Who shows it before we do.
    pub oracle: Oracle,
    /// Panics when it does not hold.
    pub run: fn(&Runtime),
}

/// The runtime that a case is first shown on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oracle {
    /// runc, also the release 1.1 that Debian 12 has.
    Runc,
    /// crun, because of something that runc 1.1 does not do or does otherwise.
    Crun(&'static str),
    /// None, because of something that both do not do or do otherwise.
    Ours(&'static str),
}

/// The cases of a feature: `name: ["clause", …]`, then the oracle where it is not runc.
#[macro_export]
macro_rules! cases {
    ($($name:ident: [$($clause:literal),+ $(,)?] $($oracle:ident($why:literal))?),+ $(,)?) => {
        /// What this file shows.
        pub const CASES: &[$crate::Case] = &[$($crate::Case {
            name: stringify!($name),
            clauses: &[$($clause),+],
            oracle: $crate::cases!(@oracle $($oracle($why))?),
            run: $name,
        }),+];
    };
    (@oracle) => { $crate::Oracle::Runc };
    (@oracle $oracle:ident($why:literal)) => { $crate::Oracle::$oracle($why) };
}
