//! Our runtime, as its own program, for bundles of `knarr-runtime-cases`.

use std::sync::LazyLock;

use knarr_runtime_cases::Runtime;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_knarr-runtime");

/// The runtime under test.
pub fn ours() -> &'static Runtime {
    static OURS: LazyLock<Runtime> = LazyLock::new(|| Runtime::at(PROGRAM));
    &OURS
}
