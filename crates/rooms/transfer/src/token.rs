//! Bearer tokens (distribution's token specification): how they are asked for, and kept while they last.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use base64::Engine as _;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use serde::Deserialize;

use crate::client::lock;
use crate::credentials::Credentials;
use crate::secret::Secret;
use crate::wire::{Body, no_body};

/// How long a token lasts whose answer does not say (token specification).
const DEFAULT_LIFE: u64 = 60;
/// Tokens kept.
const MOST: usize = 256;
/// Named to token services.
const CLIENT: &str = "knarr";

/// Whose token, and for what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Wish {
    pub(crate) realm: String,
    pub(crate) service: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) who: Credentials,
}

/// Tokens that still last.
#[derive(Debug, Default)]
pub(crate) struct Tokens(Mutex<HashMap<Wish, (Secret, Instant)>>);

/// A token service's answer.
#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

impl Tokens {
    pub(crate) fn get(&self, wish: &Wish) -> Option<Secret> {
        let tokens = lock(&self.0);
        tokens.get(wish).filter(|(_, end)| Instant::now() < *end).map(|(token, _)| token.clone())
    }

    pub(crate) fn forget(&self, wish: &Wish) {
        lock(&self.0).remove(wish);
    }

    /// Reads and keeps the answer's token; none where it has no token.
    pub(crate) fn keep(&self, wish: &Wish, answer: &[u8]) -> Option<Secret> {
        let answer: Answer = serde_json::from_slice(answer).ok()?;
        let token = Secret::new(answer.token.or(answer.access_token).filter(|token| !token.is_empty())?);
        // A little less than it lasts, so that it does not end on the way.
        let life = answer.expires_in.unwrap_or(DEFAULT_LIFE).clamp(DEFAULT_LIFE, 24 * 3600) - 10;
        let mut tokens = lock(&self.0);
        tokens.retain(|_, (_, end)| Instant::now() < *end);
        if tokens.len() < MOST {
            tokens.insert(wish.clone(), (token.clone(), Instant::now() + Duration::from_secs(life)));
        }
        Some(token)
    }
}

impl Wish {
    /// The request to the token service: GET, with a refresh token POST (OAuth 2).
    pub(crate) fn request(&self) -> Result<Request<Body>, http::Error> {
        match &self.who {
            Credentials::Identity(refresh) => {
                let form = self.form([
                    ("grant_type", "refresh_token"),
                    ("refresh_token", refresh.reveal()),
                    ("client_id", CLIENT),
                ]);
                let body = Full::new(Bytes::from(form)).map_err(|never| match never {}).boxed_unsync();
                let request = Request::builder().method(Method::POST).uri(&self.realm);
                request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
            }
            Credentials::Basic { user, .. } => {
                let request = Request::get(self.address([("account", user.as_str())]));
                match basic(&self.who) {
                    Some(value) => request.header(AUTHORIZATION, value).body(no_body()),
                    None => request.body(no_body()),
                }
            }
            Credentials::Anonymous | Credentials::Bearer(_) => Request::get(self.address([])).body(no_body()),
        }
    }

    fn address<const N: usize>(&self, more: [(&str, &str); N]) -> String {
        let sign = if self.realm.contains('?') { '&' } else { '?' };
        format!("{}{sign}{}", self.realm, self.form(more))
    }

    fn form<const N: usize>(&self, more: [(&str, &str); N]) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(more);
        form.extend_pairs(self.service.iter().map(|service| ("service", service)));
        match &self.who {
            // OAuth 2 has one parameter with spaces in it.
            Credentials::Identity(_) => form.append_pair("scope", &self.scopes.join(" ")),
            _ => form.extend_pairs(self.scopes.iter().map(|scope| ("scope", scope))),
        };
        form.finish()
    }
}

/// The header of basic authentication; none for other credentials.
pub(crate) fn basic(who: &Credentials) -> Option<HeaderValue> {
    let Credentials::Basic { user, password } = who else { return None };
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{}", password.reveal()));
    sensitive(&format!("Basic {pair}"))
}

/// The header of a bearer token.
pub(crate) fn bearer(token: &Secret) -> Option<HeaderValue> {
    sensitive(&format!("Bearer {}", token.reveal()))
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
