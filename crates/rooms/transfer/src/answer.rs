//! Reading answers of registries, which are not to be trusted with our memory.

use std::time::SystemTime;

use http::header::RETRY_AFTER;
use serde::Deserialize;

use crate::arriving::Answer;
use crate::error::Error;
use crate::retry::asked_pause;
use crate::wire::without_query;

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

/// A whole body of at most `limit` bytes.
pub(crate) async fn read(response: Answer, limit: u64) -> Result<Vec<u8>, Error> {
    let mut body = response.into_body();
    let mut whole = Vec::new();
    while let Some(data) = body.next().await? {
        if whole.len() as u64 + data.len() as u64 > limit {
            return Err(Error::TooLarge { url: without_query(body.from()), limit });
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole)
}

/// What a refusal says.
pub(crate) async fn refused(response: Answer) -> Error {
    let status = response.status();
    let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = asked.and_then(|text| asked_pause(text, SystemTime::now()));
    let body = read(response, ERROR_LIMIT).await.unwrap_or_default();
    let errors: Errors = serde_json::from_slice(&body).unwrap_or_default();
    let details = errors.details.unwrap_or_default();
    let first = errors.errors.into_iter().next().unwrap_or(Entry { code: String::new(), message: details });
    Error::Refused { status, code: clean(&first.code), message: clean(&first.message), retry_after }
}

/// A foreign text as one short line.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MESSAGE).collect()
}
