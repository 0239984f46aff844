//! Credentials of registries, in Docker's configuration file: `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`, mode 0600.
//!
//! A registry's credentials are, in this order: what its helper in `credHelpers` (else `credsStore`) says, else `auths`. They are
//! sent to exactly the host they were stored for (flaw row 45, CVE-2021-41092).

mod config_file;
mod helper;
mod registry;

pub(crate) use config_file::{ConfigFile, folder as config_folder, use_folder};
pub(crate) use registry::{DOCKER_HUB, key_of, key_of_reference, same_registry};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use serde::Serialize;

/// The header `X-Registry-Auth`.
pub(crate) const AUTH_HEADER: &str = "x-registry-auth";

/// The header `X-Registry-Config` of builds.
pub(crate) const CONFIG_HEADER: &str = "x-registry-config";

/// A value of these headers.
pub(crate) fn header(document: &impl Serialize) -> String {
    // Wire types have string keys only, so that writing them cannot fail.
    URL_SAFE.encode(serde_json::to_vec(document).unwrap_or_default())
}

/// The header for an image's registry.
pub(crate) fn header_for(image: &str) -> String {
    let auth = key_of_reference(image).and_then(|key| ConfigFile::load().ok()?.credentials(&key).ok()?);
    header(&auth.unwrap_or_default())
}
