//! Who may read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderMap};
use knarr_engine::Token;

/// Whether a request shows the token: as a bearer's, or as the password of some user.
pub(crate) fn admits(token: &Token, headers: &HeaderMap) -> bool {
    let shown = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some((scheme, shown)) = shown.and_then(|text| text.split_once(' ')) else { return false };
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => token.admits(shown.trim()),
        "basic" => password(shown.trim()).is_some_and(|password| token.admits(&password)),
        _ => false,
    }
}

fn password(pair: &str) -> Option<String> {
    let pair = String::from_utf8(STANDARD.decode(pair).ok()?).ok()?;
    pair.split_once(':').map(|(_, password)| password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_comes_as_a_bearers_or_as_a_password() {
        let token: Token = serde_json::from_value(knarr_model::Digest::of(b"secret").to_string().into()).unwrap();
        let shows = |value: &str| admits(&token, &HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())]));
        assert!(shows("Bearer secret") && shows("bearer secret"));
        assert!(shows(&format!("Basic {}", STANDARD.encode("ann:secret"))));
        for wrong in ["secret", "Bearer ", "Bearer secre", "Basic secret", "Basic !", "Digest secret"] {
            assert!(!shows(wrong), "{wrong}");
        }
        for wrong in ["secret", "secret:", "ann:", "ann:secret:"] {
            assert!(!shows(&format!("Basic {}", STANDARD.encode(wrong))), "{wrong}");
        }
        assert!(!admits(&token, &HeaderMap::new()));
    }
}
