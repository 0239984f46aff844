//! A stream of JSON documents.

use std::marker::PhantomData;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::de::DeserializeOwned;

use super::connect::broken;
use crate::error::{Error, Result};

/// Documents as they come, whatever lies between them and however they are cut.
pub(crate) struct Lines<T> {
    operation: String,
    body: Incoming,
    buffer: Vec<u8>,
    kind: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Lines<T> {
    pub(crate) fn new(operation: String, body: Incoming) -> Self {
        Self { operation, body, buffer: Vec::new(), kind: PhantomData }
    }

    /// The next document; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<T>> {
        loop {
            if let Some(document) = self.take()? {
                return Ok(Some(document));
            }
            match self.body.frame().await {
                Some(Ok(frame)) => self.buffer.extend_from_slice(frame.data_ref().map_or(&[], |data| data)),
                Some(Err(error)) => return Err(broken(self.operation.clone(), &error)),
                None => return self.end(),
            }
        }
    }

    fn take(&mut self) -> Result<Option<T>> {
        let mut documents = serde_json::Deserializer::from_slice(&self.buffer).into_iter::<T>();
        let found = documents.next();
        let used = documents.byte_offset();
        match found {
            Some(Ok(document)) => {
                self.buffer.drain(..used);
                Ok(Some(document))
            }
            Some(Err(error)) if !error.is_eof() => {
                Err(Error::Answer { operation: self.operation.clone(), cause: error.to_string() })
            }
            _ => Ok(None),
        }
    }

    fn end(&mut self) -> Result<Option<T>> {
        if self.buffer.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        Err(Error::Answer { operation: self.operation.clone(), cause: "it was cut off".into() })
    }
}
