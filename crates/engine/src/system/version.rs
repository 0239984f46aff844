//! `version`.

use serde_json::{Value, json};

use super::host;
use crate::Engine;

impl Engine {
    /// knarr's version.
    pub const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    /// `GET /version`, without the API versions, which the door knows.
    pub fn version(&self) -> Value {
        json!({
            "Version": Self::VERSION,
            "Os": "linux",
            "Arch": knarr_model::Platform::host().architecture,
            "KernelVersion": host::kernel_release(),
            "GitCommit": "",
            "GoVersion": "",
            "BuildTime": "",
            "Platform": {"Name": "knarr"},
        })
    }
}
