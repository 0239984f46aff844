//! Platforms (OCI image-index, "platform").

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The operating system and architecture an image is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Platform {
    /// `linux`.
    pub os: String,
    /// GOARCH word: `amd64`, `arm64`, …
    pub architecture: String,
    /// For example `v8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Platform {
    /// The platform this program was built for.
    pub fn host() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        Self { os: "linux".into(), architecture: architecture.into(), variant: None }
    }

    /// Whether an image for `other` satisfies a wish for `self` (a wish without a variant takes any variant;
    /// `arm64` and `arm64/v8` are the same).
    pub fn accepts(&self, other: &Platform) -> bool {
        let variant = |p: &Platform| match (p.architecture.as_str(), p.variant.as_deref()) {
            ("arm64", Some("v8")) => None,
            (_, v) => v.map(str::to_owned),
        };
        let wanted = variant(self);
        self.os == other.os && self.architecture == other.architecture && (wanted.is_none() || wanted == variant(other))
    }
}

impl FromStr for Platform {
    type Err = crate::Fault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || {
            crate::Fault::invalid(format!(
                "invalid platform {text:?}: expected os/arch[/variant], for example linux/amd64"
            ))
        };
        let mut parts = text.split('/');
        let (Some(os), Some(arch), variant, None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(bad());
        };
        let word = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.');
        if !word(os) || !word(arch) || variant.is_some_and(|v| !word(v)) {
            return Err(bad());
        }
        let architecture = match arch {
            "x86_64" | "x86-64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        Ok(Self {
            os: os.to_lowercase(),
            architecture: architecture.to_lowercase(),
            variant: variant.map(str::to_owned),
        })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.iter().try_for_each(|v| write!(f, "/{v}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_parse_and_match() {
        let wish: Platform = "linux/aarch64".parse().unwrap();
        let v8: Platform = "linux/arm64/v8".parse().unwrap();
        assert!(wish.accepts(&v8) && v8.accepts(&wish));
        assert!(!Platform::host().accepts(&"linux/s390x".parse().unwrap()));
        for bad in ["linux", "", "linux/amd64/v1/x", "li nux/amd64"] {
            assert!(bad.parse::<Platform>().is_err(), "{bad}");
        }
    }
}
