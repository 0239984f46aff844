//! `/v2/<name>/manifests/…` and the referrers API.

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use knarr_model::Digest;
use knarr_model::oci::{DOCUMENT_LIMIT, Document, media};

use crate::answer::{self, CONTENT_DIGEST, OCI_SUBJECT, header};
use crate::blobs::unsupported;
use crate::name::Name;
use crate::problem::{Code, Outcome, Problem};
use crate::registry::Registry;
use crate::request::{Request, read_whole};
use crate::route::Target;
use crate::storage::{NewManifest, subject};

impl Registry {
    /// GET, HEAD, PUT, DELETE of a manifest.
    pub(crate) async fn manifest(&self, method: &Method, name: Name, target: Target, request: &mut Request) -> Outcome {
        match *method {
            Method::GET | Method::HEAD => self.read_manifest(name, target, *method == Method::GET).await,
            Method::PUT => self.put_manifest(name, target, request).await,
            Method::DELETE => self.delete_manifest(name, target).await,
            _ => Err(unsupported()),
        }
    }

    async fn read_manifest(&self, name: Name, target: Target, with_body: bool) -> Outcome {
        let found = self.on_disk(move |storage| {
            let digest = match target {
                Target::Digest(digest) => Some(digest),
                Target::Tag(tag) => storage.repositories.tag(&name, &tag)?,
            };
            let Some(digest) = digest else { return Ok(None) };
            Ok(storage.read_manifest(&name, &digest)?.map(|(bytes, media_type)| (digest, bytes, media_type)))
        });
        let (digest, bytes, media_type) = found.await?.ok_or_else(manifest_unknown)?;
        let size = bytes.len();
        let mut response = if with_body { answer::whole(StatusCode::OK, bytes) } else { answer::empty(StatusCode::OK) };
        let headers = response.headers_mut();
        headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
        headers.insert(CONTENT_TYPE, header(&media_type));
        headers.insert(CONTENT_DIGEST, header(digest.as_str()));
        Ok(response)
    }

    async fn put_manifest(&self, name: Name, target: Target, request: &mut Request) -> Outcome {
        let bytes = read_whole(&mut request.body, DOCUMENT_LIMIT).await?;
        let digest = Digest::of(&bytes);
        let tag = match target {
            Target::Tag(tag) => Some(tag),
            Target::Digest(named) if named == digest => None,
            Target::Digest(_) => {
                return Err(Problem::new(Code::DigestInvalid, "the manifest does not have this digest"));
            }
        };
        let new = parse(bytes, digest.clone(), request.header(CONTENT_TYPE))?;
        let subject = subject(&new.document).map(|subject| subject.digest.clone());
        let location = format!("/v2/{name}/manifests/{digest}");
        let missing = self.on_disk(move |storage| storage.put_manifest(&name, tag.as_deref(), &new)).await?;
        if let Some(missing) = missing {
            let message = format!("the manifest refers to {missing}, which this repository does not have");
            return Err(Problem::new(Code::ManifestBlobUnknown, message));
        }
        let mut response = answer::created(&location, &digest);
        if let Some(subject) = subject {
            response.headers_mut().insert(OCI_SUBJECT, header(subject.as_str()));
        }
        Ok(response)
    }

    /// By digest the manifest goes with its tags; by tag only the tag goes.
    async fn delete_manifest(&self, name: Name, target: Target) -> Outcome {
        let removed = self.on_disk(move |storage| match target {
            Target::Digest(digest) => storage.delete_manifest(&name, &digest),
            Target::Tag(tag) => storage.repositories.remove_tag(&name, &tag),
        });
        if removed.await? { Ok(answer::empty(StatusCode::ACCEPTED)) } else { Err(manifest_unknown()) }
    }

    /// `GET /v2/<name>/referrers/<digest>[?artifactType=…]`: an index of what refers to the digest, empty where nothing does.
    pub(crate) async fn referrers(&self, method: &Method, name: Name, digest: Digest, request: &Request) -> Outcome {
        if *method != Method::GET {
            return Err(unsupported());
        }
        let mut found = self.on_disk(move |storage| storage.repositories.referrers(&name, &digest)).await?;
        let filter = request.parameter("artifactType");
        if let Some(wanted) = filter {
            found.retain(|descriptor| descriptor.artifact_type.as_deref() == Some(wanted));
        }
        let index = serde_json::json!({"schemaVersion": 2, "mediaType": media::OCI_INDEX, "manifests": found});
        let mut response = answer::json(&index);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media::OCI_INDEX));
        if filter.is_some() {
            let applied = HeaderName::from_static("oci-filters-applied");
            response.headers_mut().insert(applied, HeaderValue::from_static("artifactType"));
        }
        Ok(response)
    }
}

/// Parses bytes that were hashed already; ambiguous ones are refused (flaw row 61).
fn parse(bytes: Vec<u8>, digest: Digest, content_type: Option<&str>) -> Outcome<NewManifest> {
    let sent_as = content_type.and_then(|text| text.split(';').next()).map(str::trim);
    let invalid = |fault: knarr_model::Fault| Problem::new(Code::ManifestInvalid, fault.full());
    let (document, media_type) = Document::parse(&bytes, sent_as).map_err(invalid)?;
    Ok(NewManifest { bytes, digest, media_type, document })
}

fn manifest_unknown() -> Problem {
    Problem::new(Code::ManifestUnknown, "manifest unknown")
}
