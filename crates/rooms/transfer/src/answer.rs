//! Reading answers of registries, which are not to be trusted with our memory.

use std::time::Duration;

use http::Response;
use http::header::RETRY_AFTER;
use hyper::body::Incoming;
use serde::Deserialize;

use crate::error::Error;
use crate::remote::next_bytes;

/// Bytes of an error's body that are looked at.
const ERROR_LIMIT: u64 = 64 << 10;
/// Characters of a registry's message that are passed on.
const MESSAGE: usize = 500;

/// `{"errors":[{"code","message"}]}`, and `{"details"}` of token services.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Errors {
    errors: Vec<Entry>,
    details: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry {
    code: String,
    message: String,
}

/// A whole body of at most `limit` bytes, which came from `url`.
pub(crate) async fn read(url: &str, response: Response<Incoming>, limit: u64) -> Result<Vec<u8>, Error> {
    let mut body = response.into_body();
    let mut whole = Vec::new();
    while let Some(data) = next_bytes(url, &mut body).await? {
        if whole.len() as u64 + data.len() as u64 > limit {
            return Err(Error::TooLarge { url: without_query(url).to_owned(), limit });
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole)
}

/// What a refusal says.
pub(crate) async fn refused(response: Response<Incoming>) -> Error {
    let status = response.status();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let body = read("", response, ERROR_LIMIT).await.unwrap_or_default();
    let errors: Errors = serde_json::from_slice(&body).unwrap_or_default();
    let details = errors.details.unwrap_or_default();
    let first = errors.errors.into_iter().next().unwrap_or(Entry { code: String::new(), message: details });
    Error::Refused {
        status,
        code: clean(&first.code),
        message: clean(&first.message),
        retry_after: retry_after.map(Duration::from_secs),
    }
}

/// An address without its query, which may hold a signature.
fn without_query(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}

/// A foreign text as one short line.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MESSAGE).collect()
}
