//! Sharing with other hosts: `/knarr/share`. It is knarr's own; Docker has nothing like it.

use crate::wire::{is_default, wire};

wire! {
    /// `GET /knarr/share`.
    #[serde(rename_all = "PascalCase")]
    pub struct ShareStatus {
        /// Whether others may read.
        pub enabled: bool,
        /// Where, `ADDRESS:PORT`.
        #[serde(skip_serializing_if = "is_default")]
        pub address: String,
        /// The certificate's file; none speaks plainly, on loopback only.
        #[serde(skip_serializing_if = "is_default")]
        pub certificate: String,
        /// Why nobody can read although it is enabled.
        #[serde(skip_serializing_if = "is_default")]
        pub failure: String,
    }

    /// `POST /knarr/share/enable`.
    #[serde(rename_all = "PascalCase")]
    pub struct ShareOptions {
        /// Where to listen, `HOST:PORT`.
        pub address: String,
        /// PEM file of the certificate chain, on the daemon's host.
        #[serde(skip_serializing_if = "is_default")]
        pub certificate: String,
        /// PEM file of its key, there too.
        #[serde(skip_serializing_if = "is_default")]
        pub key: String,
    }

    /// The answer to it.
    #[serde(rename_all = "PascalCase")]
    pub struct ShareEnabled {
        /// Where it listens.
        pub address: String,
        /// What readers must show. It is told this once.
        pub token: String,
    }
}
