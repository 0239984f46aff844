//! The tags of a repository.

use std::sync::atomic::AtomicU64;

use http::Method;
use http::header::{HeaderMap, LINK};
use knarr_model::oci::DOCUMENT_LIMIT;
use knarr_model::{Reference, Result};
use serde::Deserialize;

use crate::answer;
use crate::arriving::Answer;
use crate::client::Client;
use crate::credentials::Credentials;
use crate::documents::explain;
use crate::error::Error;
use crate::remote::{Access, Call, Remote};

/// Pages read; a repository with more tags is listed in part.
const PAGES: usize = 100;

#[derive(Deserialize)]
struct Page {
    tags: Option<Vec<String>>,
}

impl Client {
    /// All tags of the repository that `image` is in. What is no tag by the grammar is left out.
    pub async fn tags(&self, image: &Reference, who: &Credentials) -> Result<Vec<Reference>> {
        let remote = self.remote(image, who, Access::Pull).await?;
        let tags = remote.tags().await.map_err(|error| explain(error, "pull", image))?;
        Ok(tags.iter().filter_map(|tag| image.with_tag(tag).ok()).collect())
    }
}

impl Remote {
    async fn tags(&self) -> Result<Vec<String>, Error> {
        let mut tags = Vec::new();
        let mut url = self.url("tags/list");
        for _ in 0..PAGES {
            let moved = AtomicU64::new(0);
            let call =
                Call { method: Method::GET, url: url.clone(), headers: HeaderMap::new(), body: None, moved: &moved };
            let response = self.send(&call).await?;
            if !response.status().is_success() {
                return Err(answer::refused(response).await);
            }
            let next = next_page(&response).map(|location| self.join(&url, &location));
            let body = answer::read(response, DOCUMENT_LIMIT).await?;
            let page: Page = serde_json::from_slice(&body).map_err(|_| self.invalid("a list of tags that is none"))?;
            tags.extend(page.tags.unwrap_or_default());
            match next {
                Some(next) => url = next,
                None => break,
            }
        }
        Ok(tags)
    }
}

/// The address in `Link: <…>; rel="next"` (RFC 8288).
fn next_page(response: &Answer) -> Option<String> {
    let link = response.headers().get(LINK)?.to_str().ok()?;
    let (address, rest) = link.strip_prefix('<')?.split_once('>')?;
    rest.contains("next").then(|| address.to_owned())
}
