//! The protocol buffers that containerd and its shims exchange, one service a file, tags written by hand.
#![allow(missing_docs, reason = "what the fields mean is containerd's to say")]

pub mod cgroup1;
pub mod cgroup2;
pub mod events;
pub mod options;
pub mod task;
pub mod ttrpc;

use std::time::{SystemTime, UNIX_EPOCH};

/// `google.protobuf.Any`; containerd's URLs are names without a host.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Any {
    #[prost(string, tag = "1")]
    pub type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
}

impl Any {
    /// A message under its name.
    pub fn pack(name: &str, message: &impl prost::Message) -> Self {
        Self { type_url: name.to_owned(), value: message.encode_to_vec() }
    }
}

/// `google.protobuf.Empty`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Empty {}

/// `google.protobuf.Timestamp`.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Timestamp {
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

impl Timestamp {
    /// Now.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { seconds: since.as_secs() as i64, nanos: since.subsec_nanos() as i32 }
    }
}

/// `containerd.types.Mount`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Mount {
    #[prost(string, tag = "1")]
    pub kind: String,
    #[prost(string, tag = "2")]
    pub source: String,
    #[prost(string, tag = "3")]
    pub target: String,
    #[prost(string, repeated, tag = "4")]
    pub options: Vec<String>,
}
