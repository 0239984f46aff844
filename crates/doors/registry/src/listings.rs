//! `tags/list` and `_catalog`, a page at a time.

use http::Method;
use http::header::LINK;

use crate::answer::{self, header};
use crate::blobs::unsupported;
use crate::name::Name;
use crate::problem::{Code, Outcome, Problem};
use crate::registry::Registry;
use crate::request::Request;

/// Entries a page at most, whatever `n` says (flaw row 67).
const MOST: usize = 1000;

/// One page of a sorted list.
struct Page {
    entries: Vec<String>,
    /// Query of the next page, where there is one.
    next: Option<String>,
}

impl Registry {
    pub(crate) async fn tags(&self, method: &Method, name: Name, request: &Request) -> Outcome {
        if *method != Method::GET {
            return Err(unsupported());
        }
        let repository = name.clone();
        let tags = self.on_disk(move |storage| storage.repositories.tags(&repository)).await?;
        let tags = tags.ok_or_else(|| Problem::new(Code::NameUnknown, "repository name not known to registry"))?;
        let page = page(tags, request)?;
        let body = serde_json::json!({"name": name.as_str(), "tags": page.entries});
        Ok(linked(answer::json(&body), &format!("/v2/{name}/tags/list"), page.next))
    }

    pub(crate) async fn catalog(&self, method: &Method, request: &Request) -> Outcome {
        if *method != Method::GET {
            return Err(unsupported());
        }
        let names = self.on_disk(|storage| {
            let mut listed = Vec::new();
            for name in storage.repositories.names()? {
                if !storage.repositories.manifests(&name)?.is_empty() {
                    listed.push(name.as_str().to_owned());
                }
            }
            Ok(listed)
        });
        let page = page(names.await?, request)?;
        let body = serde_json::json!({"repositories": page.entries});
        Ok(linked(answer::json(&body), "/v2/_catalog", page.next))
    }
}

/// Cuts out what `n` and `last` ask for.
fn page(all: Vec<String>, request: &Request) -> Outcome<Page> {
    let invalid = || Problem::new(Code::Unsupported, "n must be a number").with_status(http::StatusCode::BAD_REQUEST);
    let n = match request.parameter("n") {
        Some(text) => text.parse::<usize>().map_err(|_| invalid())?.min(MOST),
        None => MOST,
    };
    let last = request.parameter("last").unwrap_or("");
    let mut rest = all.into_iter().filter(|entry| entry.as_str() > last);
    let entries: Vec<String> = rest.by_ref().take(n).collect();
    let more = n > 0 && rest.next().is_some();
    let next = entries.last().filter(|_| more).map(|last| format!("last={last}&n={n}"));
    Ok(Page { entries, next })
}

/// Adds the `Link` header of RFC 5988. Names and tags need no escaping in a query.
fn linked(
    mut response: http::Response<answer::Body>,
    path: &str,
    next: Option<String>,
) -> http::Response<answer::Body> {
    if let Some(query) = next {
        response.headers_mut().insert(LINK, header(&format!("<{path}?{query}>; rel=\"next\"")));
    }
    response
}
