//! `GET /containers/json`.

use std::collections::BTreeMap;

use super::MountPoint;
use crate::network::EndpointSettings;
use crate::wire::{is_default, wire};

wire! {
    /// One container of a list.
    #[serde(rename_all = "PascalCase")]
    pub struct Summary {
        /// 64 hex digits.
        pub id: String,
        /// With a slash in front.
        pub names: Vec<String>,
        /// The image as it was named at creation (its id, when the name means another image now).
        pub image: String,
        /// The image's id.
        #[serde(rename = "ImageID")]
        pub image_id: String,
        /// Program and arguments, joined.
        pub command: String,
        /// Seconds since 1970.
        pub created: i64,
        /// Exposed and published ports.
        pub ports: Vec<Port>,
        /// Bytes it has written; only when asked for.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub size_rw: Option<i64>,
        /// Bytes of all its files; only when asked for.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub size_root_fs: Option<i64>,
        /// Labels.
        pub labels: BTreeMap<String, String>,
        /// As in [`super::State::status`].
        pub state: String,
        /// For people: `Up 5 minutes`.
        pub status: String,
        /// A bit of the host part.
        pub host_config: SummaryHostConfig,
        /// Its networks.
        pub network_settings: SummaryNetworks,
        /// What is mounted in it.
        pub mounts: Vec<MountPoint>,
    }

    /// A port of a list.
    #[serde(rename_all = "PascalCase")]
    pub struct Port {
        /// Address on the host.
        #[serde(rename = "IP", skip_serializing_if = "is_default")]
        pub ip: String,
        /// In the container.
        pub private_port: u16,
        /// On the host; 0: not published.
        #[serde(skip_serializing_if = "is_default")]
        pub public_port: u16,
        /// `tcp`, `udp` or `sctp`.
        #[serde(rename = "Type")]
        pub kind: String,
    }

    /// The host part of a list's container.
    #[serde(rename_all = "PascalCase")]
    pub struct SummaryHostConfig {
        /// As in [`super::HostConfig::network_mode`].
        pub network_mode: String,
        /// Free annotations.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        pub annotations: BTreeMap<String, String>,
    }

    /// The networks of a list's container.
    #[serde(rename_all = "PascalCase")]
    pub struct SummaryNetworks {
        /// Network name → endpoint.
        pub networks: BTreeMap<String, EndpointSettings>,
    }
}
