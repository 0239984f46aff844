//! One blob to a registry: not sent where it is there, mounted where a neighbour has it, else sent.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use http::header::{CONTENT_LENGTH, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use knarr_model::oci::Descriptor;
use knarr_model::ports::Content;
use knarr_model::{Progress, Step};

use crate::answer;
use crate::arriving::Answer;
use crate::error::Error;
use crate::remote::{Call, Remote};
use crate::retry::Tries;

/// How a blob came to be in the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Placed {
    Sent,
    Existed,
    Mounted(String),
}

/// One blob on its way.
pub(crate) struct Upload<'a> {
    pub(crate) blob: &'a Descriptor,
    pub(crate) content: &'a Arc<dyn Content>,
    pub(crate) progress: &'a dyn Progress,
    /// Repositories of the same registry that are believed to have it.
    pub(crate) mount_from: &'a [String],
    /// Counts the bytes that went out.
    pub(crate) sent: Arc<AtomicU64>,
}

impl Remote {
    /// Brings a blob into the repository by the cheapest way.
    pub(crate) async fn place(&self, upload: &Upload<'_>) -> Result<Placed, Error> {
        if self.has_blob(upload.blob).await? {
            return Ok(Placed::Existed);
        }
        for from in upload.mount_from {
            if self.mount(upload.blob, from).await? {
                return Ok(Placed::Mounted(from.clone()));
            }
        }
        self.upload(upload).await.map(|()| Placed::Sent)
    }

    async fn has_blob(&self, blob: &Descriptor) -> Result<bool, Error> {
        let url = self.url(&format!("blobs/{}", blob.digest));
        let response = self.ask_patiently(Method::HEAD, &url).await?;
        match response.status() {
            StatusCode::NOT_FOUND => Ok(false),
            status if status.is_success() => Ok(true),
            _ => Err(answer::refused(response).await),
        }
    }

    /// 201 says that it is mounted; 202 opens a session that nobody needs, which is closed again.
    async fn mount(&self, blob: &Descriptor, from: &str) -> Result<bool, Error> {
        let url = self.url(&format!("blobs/uploads/?mount={}&from={from}", blob.digest));
        let response = self.ask_patiently(Method::POST, &url).await?;
        match response.status() {
            StatusCode::CREATED => Ok(true),
            StatusCode::ACCEPTED => {
                self.close(&url, &response).await?;
                Ok(false)
            }
            // A source that may not be read is no reason to fail: the blob can be sent.
            status if status.is_client_error() => Ok(false),
            _ => Err(answer::refused(response).await),
        }
    }

    async fn ask_patiently(&self, method: Method, url: &str) -> Result<Answer, Error> {
        let mut tries = Tries::new(self.patience);
        loop {
            let error = match self.ask_once(method.clone(), url, HeaderMap::new()).await {
                Ok(response)
                    if response.status().is_server_error() || response.status() == StatusCode::TOO_MANY_REQUESTS =>
                {
                    answer::refused(response).await
                }
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            tries.pause(error).await?;
        }
    }

    pub(crate) async fn ask_once(&self, method: Method, url: &str, mut headers: HeaderMap) -> Result<Answer, Error> {
        if method == Method::POST {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
        }
        let moved = AtomicU64::new(0);
        self.send(&Call { method, url: url.to_owned(), headers, body: None, moved: &moved }).await
    }
}

/// Tells what became of a blob, in Docker's words.
pub(crate) fn report(progress: &dyn Progress, blob: &Descriptor, placed: &Placed) {
    let id = blob.digest.short();
    match placed {
        Placed::Sent => progress.step(Step::Phase { id, text: "Pushed" }),
        Placed::Existed => progress.step(Step::Phase { id, text: "Layer already exists" }),
        Placed::Mounted(from) => progress.step(Step::Phase { id, text: &format!("Mounted from {from}") }),
    }
}
