//! Who may read.

use knarr_model::{Digest, Fault, Result};
use serde::{Deserialize, Serialize};

/// Bytes of chance in a token.
const LENGTH: usize = 32;

/// The sha256 of a secret that every reader must show. What is kept of it lets nobody in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(Digest);

impl Token {
    /// A token, and its secret.
    pub(super) fn random() -> Result<(Self, String)> {
        let mut bytes = [0; LENGTH];
        getrandom::fill(&mut bytes).map_err(|e| Fault::internal("cannot make a token").because(e.to_string()))?;
        let secret: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok((Self(Digest::of(secret.as_bytes())), secret))
    }

    /// Whether this is the secret. Digests are compared: how long that takes tells nothing of the secret.
    pub fn admits(&self, shown: &str) -> bool {
        Digest::of(shown.as_bytes()) == self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_secret_is_let_in_and_it_is_not_kept() {
        let (token, secret) = Token::random().unwrap();
        assert!(secret.len() == 2 * LENGTH && token.admits(&secret));
        for wrong in ["", &secret[1..], &secret.to_uppercase(), &format!("{secret} "), token.0.as_str(), token.0.hex()]
        {
            assert!(!token.admits(wrong), "{wrong}");
        }
        assert!(!serde_json::to_string(&token).unwrap().contains(&secret));
        assert_ne!(Token::random().unwrap().1, secret);
    }
}
