//! Who a caller is to a registry, and Docker's encoding of it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use knarr_model::{Fault, Result};
use serde::Deserialize;

use crate::hosts::registry_of;
use crate::secret::Secret;

/// Credentials for one registry. They are sent to it, and to the token service it names, and nowhere else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Credentials {
    /// None.
    #[default]
    Anonymous,
    /// User and password.
    Basic {
        /// The user's name.
        user: String,
        /// The password, or a personal access token in its place.
        password: Secret,
    },
    /// A refresh token that the token service exchanges (Docker's `identitytoken`).
    Identity(Secret),
    /// A finished bearer token (Docker's `registrytoken`).
    Bearer(Secret),
}

/// Docker's `AuthConfig`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AuthConfig {
    username: String,
    password: Hidden,
    auth: Hidden,
    identitytoken: Hidden,
    registrytoken: Hidden,
}

/// A secret in a document.
#[derive(Default, Deserialize)]
#[serde(transparent)]
struct Hidden(String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Reads both alphabets, with and without padding, as clients send them.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

impl Credentials {
    /// Reads Docker's `X-Registry-Auth` header: base64url of a JSON `AuthConfig`. An empty one is anonymous.
    pub fn from_registry_auth(header: &str) -> Result<Self> {
        let invalid = || Fault::invalid("invalid X-Registry-Auth header: it must be base64url of a JSON object");
        let header = header.trim();
        if header.is_empty() {
            return Ok(Self::Anonymous);
        }
        let document = decode(header).ok_or_else(invalid)?;
        match serde_json::from_slice::<Option<AuthConfig>>(&document) {
            Ok(config) => Ok(Self::from_config(config.unwrap_or_default())),
            // The parser's own message could quote a secret.
            Err(_) => Err(invalid()),
        }
    }

    /// Reads a JSON `AuthConfig`: the body of Docker's `POST /auth`, or an entry of `X-Registry-Config`.
    pub fn from_auth_config(document: &serde_json::Value) -> Result<Self> {
        let config = serde_json::from_value::<Option<AuthConfig>>(document.clone());
        let config = config.map_err(|_| Fault::invalid("invalid registry credentials: not an AuthConfig object"))?;
        Ok(Self::from_config(config.unwrap_or_default()))
    }

    /// Reads Docker's `X-Registry-Config` header: base64url of a JSON map from registries to `AuthConfig`s. The keys of the answer are
    /// registries as a reference names them, `docker.io` for Docker Hub.
    pub fn from_registry_config(header: &str) -> Result<BTreeMap<String, Self>> {
        let invalid = || Fault::invalid("invalid X-Registry-Config header: it must be base64url of a JSON object");
        let header = header.trim();
        if header.is_empty() {
            return Ok(BTreeMap::new());
        }
        let document = decode(header).ok_or_else(invalid)?;
        let configs =
            serde_json::from_slice::<Option<BTreeMap<String, AuthConfig>>>(&document).map_err(|_| invalid())?;
        let entry =
            |(address, config): (String, AuthConfig)| (registry_of(&address).to_owned(), Self::from_config(config));
        Ok(configs.unwrap_or_default().into_iter().map(entry).collect())
    }

    fn from_config(config: AuthConfig) -> Self {
        if !config.registrytoken.0.is_empty() {
            return Self::Bearer(Secret::new(config.registrytoken.0));
        }
        if !config.identitytoken.0.is_empty() {
            return Self::Identity(Secret::new(config.identitytoken.0));
        }
        if !config.username.is_empty() {
            return Self::Basic { user: config.username, password: Secret::new(config.password.0) };
        }
        Self::from_pair(&config.auth.0).unwrap_or_default()
    }

    /// Reads base64 of `user:password`, as docker's config file keeps it.
    fn from_pair(encoded: &str) -> Option<Self> {
        let text = String::from_utf8(decode(encoded)?).ok()?;
        let (user, password) = text.split_once(':')?;
        let password = Secret::new(password.trim_end_matches('\0'));
        (!user.is_empty()).then(|| Self::Basic { user: user.to_owned(), password })
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let url = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
    let standard = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
    url.decode(text).or_else(|_| standard.decode(text)).ok()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};

    use super::*;

    #[test]
    fn dockers_header_is_read_in_all_its_spellings() {
        let text = r#"{"username":"ann","password":"pässw?>d","serveraddress":"r"}"#;
        let wanted = Credentials::Basic { user: "ann".into(), password: Secret::new("pässw?>d") };
        for header in [URL_SAFE.encode(text), URL_SAFE_NO_PAD.encode(text), STANDARD.encode(text)] {
            assert_eq!(Credentials::from_registry_auth(&header).unwrap(), wanted);
        }
        for empty in ["", "e30=", &URL_SAFE.encode("null")] {
            assert_eq!(Credentials::from_registry_auth(empty).unwrap(), Credentials::Anonymous, "{empty}");
        }
        let pair = format!(r#"{{"auth":"{}"}}"#, STANDARD.encode("ann:a:b"));
        let wanted = Credentials::Basic { user: "ann".into(), password: Secret::new("a:b") };
        assert_eq!(Credentials::from_registry_auth(&STANDARD.encode(pair)).unwrap(), wanted);
    }

    #[test]
    fn credentials_of_several_registries_are_read() {
        let text =
            r#"{"https://index.docker.io/v1/":{"username":"ann","password":"a"},"r:5000":{"identitytoken":"t"}}"#;
        let all = Credentials::from_registry_config(&URL_SAFE.encode(text)).unwrap();
        assert_eq!(all["docker.io"], Credentials::Basic { user: "ann".into(), password: Secret::new("a") });
        assert_eq!(all["r:5000"], Credentials::Identity(Secret::new("t")));
        assert!(Credentials::from_registry_config("").unwrap().is_empty());
        assert!(Credentials::from_registry_config("e30=").unwrap().is_empty());
        assert!(Credentials::from_registry_config("[]").is_err());
    }

    #[test]
    fn errors_and_debug_tell_no_secret() {
        let header = STANDARD.encode(r#"{"username":"ann","password":"hunter2","#);
        let error = Credentials::from_registry_auth(&header).unwrap_err();
        assert!(!error.full().contains("hunter2"));
        let known = Credentials::Basic { user: "ann".into(), password: Secret::new("hunter2") };
        assert!(!format!("{known:?}").contains("hunter2"));
    }
}
