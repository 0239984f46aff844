//! One request from its head to its answer.

use std::sync::Arc;

use http::{HeaderValue, Method, Response};
use hyper::body::Incoming;
use knarr_transfer::on_blocking_thread;

use crate::answer::{self, API_VERSION, Body};
use crate::auth::Gate;
use crate::problem::Outcome;
use crate::request::Request;
use crate::route::Route;
use crate::storage::Storage;
use crate::uploads::Uploads;

/// Everything that requests share.
pub(crate) struct Registry {
    pub(crate) storage: Arc<Storage>,
    pub(crate) uploads: Uploads,
    gate: Option<Gate>,
}

impl Registry {
    pub(crate) fn new(storage: Storage, gate: Option<Gate>) -> Self {
        Self { storage: Arc::new(storage), uploads: Uploads::default(), gate }
    }

    /// Answers one request; never fails.
    pub(crate) async fn answer(&self, request: http::Request<Incoming>) -> Response<Body> {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let mut response = match self.dispatch(request).await {
            Ok(response) => response,
            Err(problem) => problem.response(),
        };
        response.headers_mut().insert(API_VERSION, HeaderValue::from_static("registry/2.0"));
        tracing::debug!(%method, path, status = response.status().as_u16(), "request");
        response
    }

    /// Authenticates first: who may not come in learns nothing about what exists.
    async fn dispatch(&self, request: http::Request<Incoming>) -> Outcome {
        let (head, body) = request.into_parts();
        let principal = match &self.gate {
            Some(gate) => gate.admit(&head.headers).await?,
            None => String::new(),
        };
        let route = Route::parse(&head.method, head.uri.path())?;
        let query = form_urlencoded::parse(head.uri.query().unwrap_or("").as_bytes()).into_owned().collect();
        let request = Request { principal, headers: head.headers, query, body };
        self.handle(&head.method, route, request).await
    }

    async fn handle(&self, method: &Method, route: Route, mut request: Request) -> Outcome {
        match route {
            Route::Ping => Ok(answer::json(&serde_json::json!({}))),
            Route::Catalog => self.catalog(method, &request).await,
            Route::Tags(name) => self.tags(method, name, &request).await,
            Route::Manifest(name, target) => self.manifest(method, name, target, &mut request).await,
            Route::Blob(name, digest) => self.blob(method, name, digest, &request).await,
            Route::Uploads(name) => self.begin_upload(method, name, &mut request).await,
            Route::Upload(name, id) => self.upload(method, name, &id, &mut request).await,
            Route::Referrers(name, digest) => self.referrers(method, name, digest, &request).await,
        }
    }

    /// Runs storage work on a blocking thread.
    pub(crate) async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Storage) -> knarr_model::Result<T> + Send + 'static,
    ) -> Outcome<T> {
        let storage = Arc::clone(&self.storage);
        Ok(on_blocking_thread(move || work(&storage)).await?)
    }
}
