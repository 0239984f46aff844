//! Manifests, indexes and configs: fetched whole, hashed before they are parsed.

use std::sync::atomic::AtomicU64;

use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use knarr_model::oci::{DOCUMENT_LIMIT, Descriptor, Document, media};
use knarr_model::{Digest, Fault, Reference};

use crate::answer;
use crate::error::Error;
use crate::remote::{Call, Remote};
use crate::retry::Tries;

/// Everything that can be run or listed; the indexes first, so that registries do not choose a platform for us.
const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";

/// A manifest or index as the registry sent it.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// Its media type, digest and size.
    pub descriptor: Descriptor,
    /// Its bytes, which have that digest.
    pub bytes: Vec<u8>,
    /// What they say.
    pub document: Document,
}

impl Remote {
    /// The document that a tag or digest names. A digest is checked before a byte is parsed (flaw row 62).
    pub(crate) async fn document(&self, image: &Reference, target: &str) -> Result<Resolved, Error> {
        let mut tries = Tries::new(self.patience);
        loop {
            match self.try_document(image, target).await {
                Ok(resolved) => return Ok(resolved),
                Err(error) => tries.pause(error).await.map_err(|e| explain(e, "pull", image))?,
            }
        }
    }

    /// A small document of the repository, held in memory; where a digest is given, it must have that.
    pub(crate) async fn small(&self, path: &str, digest: Option<&Digest>, limit: u64) -> Result<Vec<u8>, Error> {
        let moved = AtomicU64::new(0);
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(media::OCI_INDEX))]);
        let call = Call { method: Method::GET, url: self.url(path), headers, body: None, moved: &moved };
        let response = self.pace.in_time(self.send(&call)).await?;
        if !response.status().is_success() {
            return Err(answer::refused(response).await);
        }
        let bytes = answer::read(response, limit).await?;
        match digest.filter(|digest| **digest != Digest::of(&bytes)) {
            Some(digest) => Err(self.invalid(&format!("other bytes for {digest}"))),
            None => Ok(bytes),
        }
    }

    async fn try_document(&self, image: &Reference, target: &str) -> Result<Resolved, Error> {
        let moved = AtomicU64::new(0);
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(ACCEPTED))]);
        let call = Call { method: Method::GET, url: self.manifest_url(target), headers, body: None, moved: &moved };
        let sent = self.send(&call);
        // What a tag means may have to be made first.
        let response = if target.parse::<Digest>().is_ok() { self.pace.in_time(sent).await? } else { sent.await? };
        if !response.status().is_success() {
            return Err(answer::refused(response).await);
        }
        let header = |name| response.headers().get(name).and_then(|v: &HeaderValue| v.to_str().ok()).map(str::to_owned);
        let media_type = header(CONTENT_TYPE.as_str()).and_then(|t| t.split(';').next().map(|t| t.trim().to_owned()));
        let announced = header("docker-content-digest").and_then(|digest| digest.parse::<Digest>().ok());
        let bytes = answer::read(response, DOCUMENT_LIMIT).await?;
        let digest = Digest::of(&bytes);
        if let Some(expected) = target.parse().ok().or(announced).filter(|expected: &Digest| *expected != digest) {
            return Err(Error::Digest { reference: image.familiar(), expected, found: digest });
        }
        let not_an_image = |fault: Fault| Error::NotAnImage { reference: image.familiar(), reason: fault.full() };
        let (document, media_type) = Document::parse(&bytes, media_type.as_deref()).map_err(not_an_image)?;
        let descriptor = Descriptor {
            media_type,
            digest,
            size: bytes.len() as u64,
            platform: None,
            annotations: Default::default(),
            artifact_type: None,
        };
        Ok(Resolved { descriptor, bytes, document })
    }
}

/// Puts a refusal into Docker's words about the image.
pub(crate) fn explain(error: Error, verb: &'static str, image: &Reference) -> Error {
    let Error::Refused { status, code, message, .. } = &error else { return error };
    let or = |default: &str| if message.is_empty() { default.to_owned() } else { message.clone() };
    match (*status, code.as_str()) {
        (StatusCode::NOT_FOUND, "NAME_UNKNOWN" | "MANIFEST_UNKNOWN" | "NOT_FOUND" | "") if verb == "pull" => {
            Error::ManifestUnknown { reference: image.familiar(), detail: or("manifest unknown") }
        }
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => {
            let detail = or("requested access to the resource is denied");
            Error::Denied { verb, repository: image.familiar_name(), detail }
        }
        _ => error,
    }
}
