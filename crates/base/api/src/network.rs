//! Networks: `/networks/…`.

use std::collections::BTreeMap;

use crate::wire::{is_default, null_when_empty, wire};

wire! {
    /// A network, in lists and alone.
    #[serde(rename_all = "PascalCase")]
    pub struct Network {
        /// Its name.
        pub name: String,
        /// 64 hex digits.
        pub id: String,
        /// RFC 3339.
        pub created: String,
        /// `local`.
        pub scope: String,
        /// `bridge`, `host` or `null`.
        pub driver: String,
        /// IPv4 is on.
        #[serde(rename = "EnableIPv4")]
        pub enable_ipv4: bool,
        /// IPv6 is on.
        #[serde(rename = "EnableIPv6")]
        pub enable_ipv6: bool,
        /// Address ranges.
        #[serde(rename = "IPAM")]
        pub ipam: Ipam,
        /// No way out.
        pub internal: bool,
        /// Swarm only.
        pub attachable: bool,
        /// Swarm only.
        pub ingress: bool,
        /// Swarm only.
        pub config_from: ConfigReference,
        /// Swarm only.
        pub config_only: bool,
        /// Container id → endpoint (only in inspect).
        pub containers: BTreeMap<String, EndpointResource>,
        /// Options of the driver.
        pub options: BTreeMap<String, String>,
        /// Labels.
        pub labels: BTreeMap<String, String>,
    }

    /// Address management.
    #[serde(rename_all = "PascalCase")]
    pub struct Ipam {
        /// `default`.
        pub driver: String,
        /// Options of the driver.
        #[serde(serialize_with = "null_when_empty")]
        pub options: BTreeMap<String, String>,
        /// Ranges.
        pub config: Vec<IpamConfig>,
    }

    /// One address range.
    #[serde(rename_all = "PascalCase")]
    pub struct IpamConfig {
        /// CIDR.
        #[serde(skip_serializing_if = "is_default")]
        pub subnet: String,
        /// CIDR within the subnet, from which addresses are taken.
        #[serde(rename = "IPRange", skip_serializing_if = "is_default")]
        pub ip_range: String,
        /// Address of the bridge.
        #[serde(skip_serializing_if = "is_default")]
        pub gateway: String,
        /// Reserved addresses by name.
        #[serde(rename = "AuxiliaryAddresses", skip_serializing_if = "BTreeMap::is_empty")]
        pub auxiliary_addresses: BTreeMap<String, String>,
    }

    /// Swarm only.
    #[serde(rename_all = "PascalCase")]
    pub struct ConfigReference {
        /// A network's name.
        pub network: String,
    }

    /// An endpoint as a network lists it.
    #[serde(rename_all = "PascalCase")]
    pub struct EndpointResource {
        /// The container's name, without a slash.
        pub name: String,
        /// Its id.
        #[serde(rename = "EndpointID")]
        pub endpoint_id: String,
        /// MAC address.
        pub mac_address: String,
        /// CIDR.
        #[serde(rename = "IPv4Address")]
        pub ipv4_address: String,
        /// CIDR.
        #[serde(rename = "IPv6Address")]
        pub ipv6_address: String,
    }

    /// `POST /networks/create`.
    #[serde(rename_all = "PascalCase")]
    pub struct CreateRequest {
        /// Its name.
        pub name: String,
        /// Old and unused.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub check_duplicate: Option<bool>,
        /// Empty: `bridge`.
        pub driver: String,
        /// Empty: `local`.
        #[serde(skip_serializing_if = "is_default")]
        pub scope: String,
        /// None: on.
        #[serde(rename = "EnableIPv4", skip_serializing_if = "Option::is_none")]
        pub enable_ipv4: Option<bool>,
        /// None: off.
        #[serde(rename = "EnableIPv6", skip_serializing_if = "Option::is_none")]
        pub enable_ipv6: Option<bool>,
        /// Address ranges.
        #[serde(rename = "IPAM")]
        pub ipam: Ipam,
        /// No way out.
        pub internal: bool,
        /// Swarm only.
        pub attachable: bool,
        /// Swarm only.
        pub ingress: bool,
        /// Swarm only.
        pub config_only: bool,
        /// Options of the driver.
        pub options: BTreeMap<String, String>,
        /// Labels.
        pub labels: BTreeMap<String, String>,
    }

    /// The answer, 201.
    #[serde(rename_all = "PascalCase")]
    pub struct CreateResponse {
        /// The new network.
        pub id: String,
        /// What the user should know.
        pub warning: String,
    }

    /// `POST /networks/ID/connect`.
    #[serde(rename_all = "PascalCase")]
    pub struct ConnectRequest {
        /// Id or name.
        pub container: String,
        /// Wishes for the endpoint.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub endpoint_config: Option<EndpointSettings>,
    }

    /// `POST /networks/ID/disconnect`.
    #[serde(rename_all = "PascalCase")]
    pub struct DisconnectRequest {
        /// Id or name.
        pub container: String,
        /// Also where the container has gone.
        pub force: bool,
    }

    /// `POST /networks/prune`.
    #[serde(rename_all = "PascalCase")]
    pub struct PruneResponse {
        /// Names.
        #[serde(serialize_with = "null_when_empty")]
        pub networks_deleted: Vec<String>,
    }

    /// The networks a new container joins.
    #[serde(rename_all = "PascalCase")]
    pub struct NetworkingConfig {
        /// Network name or id → wishes.
        pub endpoints_config: BTreeMap<String, EndpointSettings>,
    }

    /// One endpoint: wishes in a request, facts in an answer.
    #[serde(rename_all = "PascalCase")]
    pub struct EndpointSettings {
        /// Wishes for addresses.
        #[serde(rename = "IPAMConfig")]
        pub ipam_config: Option<EndpointIpam>,
        /// `container:alias`.
        #[serde(serialize_with = "null_when_empty")]
        pub links: Vec<String>,
        /// Names on this network.
        #[serde(serialize_with = "null_when_empty")]
        pub aliases: Vec<String>,
        /// MAC address.
        pub mac_address: String,
        /// Options of the driver.
        #[serde(serialize_with = "null_when_empty")]
        pub driver_opts: BTreeMap<String, String>,
        /// The highest one is the default gateway.
        pub gw_priority: i64,
        /// The network.
        #[serde(rename = "NetworkID")]
        pub network_id: String,
        /// 64 hex digits.
        #[serde(rename = "EndpointID")]
        pub endpoint_id: String,
        /// IPv4.
        pub gateway: String,
        /// IPv4.
        #[serde(rename = "IPAddress")]
        pub ip_address: String,
        /// Of the IPv4 address.
        #[serde(rename = "IPPrefixLen")]
        pub ip_prefix_len: i64,
        /// IPv6.
        #[serde(rename = "IPv6Gateway")]
        pub ipv6_gateway: String,
        /// IPv6.
        #[serde(rename = "GlobalIPv6Address")]
        pub global_ipv6_address: String,
        /// Of the IPv6 address.
        #[serde(rename = "GlobalIPv6PrefixLen")]
        pub global_ipv6_prefix_len: i64,
        /// All names that resolve to it.
        #[serde(rename = "DNSNames", serialize_with = "null_when_empty")]
        pub dns_names: Vec<String>,
    }

    /// Wishes for addresses.
    #[serde(rename_all = "PascalCase")]
    pub struct EndpointIpam {
        /// IPv4.
        #[serde(rename = "IPv4Address", skip_serializing_if = "is_default")]
        pub ipv4_address: String,
        /// IPv6.
        #[serde(rename = "IPv6Address", skip_serializing_if = "is_default")]
        pub ipv6_address: String,
        /// Link-local ones.
        #[serde(rename = "LinkLocalIPs", skip_serializing_if = "Vec::is_empty")]
        pub link_local_ips: Vec<String>,
    }
}
