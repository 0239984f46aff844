//! What can go wrong with networks, in Docker's words where it has some.

use std::io;
use std::net::Ipv4Addr;

use knarr_model::{Fault, Kind};
use knarr_store::StoreError;

use crate::{PortRequest, PublishedPort, Subnet, SubnetError};

/// A failure of the network room.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The kernel refused.
    #[error("cannot {operation}")]
    Kernel {
        /// What was tried, with its object.
        operation: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The metadata database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Not a subnet.
    #[error("invalid network config")]
    Subnet(#[from] SubnetError),
    /// The request is wrong.
    #[error("{0}")]
    Invalid(String),
    /// Asked for what this version does not do.
    #[error("{0}")]
    Unsupported(String),
    /// No such network.
    #[error("network {0} not found")]
    NotFound(String),
    /// Several networks' ids begin so.
    #[error("network {0} is ambiguous: several ids begin with it")]
    Ambiguous(String),
    /// The name is taken.
    #[error("network with name {0} already exists")]
    NameTaken(String),
    /// A link that is no bridge of ours has the bridge's name.
    #[error("a link of the name {0} exists on this host: choose another name for the bridge")]
    LinkTaken(String),
    /// `bridge`, `host`, `none` and `default` are taken for good.
    #[error("operation is not permitted on predefined {0} network")]
    Reserved(String),
    /// No such driver.
    #[error("network driver {0:?} not found: use bridge")]
    NoDriver(String),
    /// `bridge`, `host` and `none` stay.
    #[error("{0} is a pre-defined network and cannot be removed")]
    Predefined(String),
    /// Containers are connected.
    #[error("error while removing network: network {name} has active endpoints (name:{endpoint:?})")]
    InUse {
        /// The network.
        name: String,
        /// One of the containers.
        endpoint: String,
    },
    /// The asked subnet meets one in use.
    #[error("invalid pool request: {subnet} overlaps with {other}, which is in use on this host")]
    Overlap {
        /// What was asked.
        subnet: Subnet,
        /// What is there.
        other: Subnet,
    },
    /// None of the default subnets is free.
    #[error("all predefined address pools have been fully subnetted: give a subnet")]
    PoolsExhausted,
    /// All addresses are leased.
    #[error("no available IPv4 addresses on network {0}")]
    NoAddress(String),
    /// The asked address is leased.
    #[error("address {0} is already in use")]
    AddressTaken(Ipv4Addr),
    /// The asked address lies outside the network.
    #[error("invalid endpoint settings: no configured subnet of network {network} contains IP address {address}")]
    AddressOutside {
        /// The network.
        network: String,
        /// What was asked.
        address: Ipv4Addr,
    },
    /// The container is in this network already.
    #[error("endpoint with name {name} already exists in network {network}")]
    Connected {
        /// The container's name.
        name: String,
        /// The network.
        network: String,
    },
    /// The container is not in this network.
    #[error("container {container} is not connected to network {network}")]
    NotConnected {
        /// The container.
        container: String,
        /// The network.
        network: String,
    },
    /// Somebody else on the host has the port.
    #[error(
        "driver failed programming external connectivity on endpoint {name}: failed to bind host port for \
         {}:{}:{target}:{}/{}", port.host_ip, port.host_port, port.container_port, port.protocol
    )]
    PortBusy {
        /// The container's name.
        name: String,
        /// The port.
        port: PublishedPort,
        /// The container's address.
        target: Ipv4Addr,
        /// Why the host refused.
        #[source]
        source: io::Error,
    },
    /// Another container of ours has the port.
    #[error(
        "driver failed programming external connectivity on endpoint {name}: Bind for {}:{} failed: \
         port is already allocated", port.host_ip, port.host_port
    )]
    PortAllocated {
        /// The container's name.
        name: String,
        /// The port.
        port: PublishedPort,
    },
    /// No port of the asked range is free.
    #[error(
        "driver failed programming external connectivity on endpoint {name}: no host port is free for {request}: \
         port is already allocated"
    )]
    RangeExhausted {
        /// The container's name.
        name: String,
        /// What was asked.
        request: PortRequest,
    },
}

impl NetworkError {
    /// Wraps a refusal of the kernel with the operation that it answers.
    pub(crate) fn kernel<E: Into<io::Error>>(operation: impl Into<String>) -> impl FnOnce(E) -> Self {
        move |source| Self::Kernel { operation: operation.into(), source: source.into() }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Subnet(_) | Self::Invalid(_) | Self::AddressOutside { .. } | Self::Ambiguous(_) => Kind::Invalid,
            Self::Unsupported(_) => Kind::Unsupported,
            Self::NotFound(_) | Self::NoDriver(_) => Kind::NotFound,
            Self::NameTaken(_) | Self::LinkTaken(_) => Kind::Conflict,
            Self::Reserved(_) | Self::Predefined(_) | Self::InUse { .. } | Self::Overlap { .. } => Kind::Forbidden,
            Self::AddressTaken(_) | Self::Connected { .. } | Self::NotConnected { .. } => Kind::Forbidden,
            _ => Kind::Internal,
        }
    }
}

impl From<io::Error> for NetworkError {
    /// For failures to make or enter a namespace; all else names its operation.
    fn from(source: io::Error) -> Self {
        Self::Kernel { operation: "enter a network namespace".to_owned(), source }
    }
}

impl From<NetworkError> for Fault {
    fn from(error: NetworkError) -> Self {
        let kind = error.kind();
        match error {
            NetworkError::Store(error) => error.into(),
            NetworkError::PortBusy { ref source, .. } => {
                // The number that io::Error adds tells a person nothing.
                let reason = rustix::io::Errno::from_io_error(source).map_or(source.to_string(), |e| plain(e, source));
                Fault::new(kind, format!("{error}: {reason}"))
            }
            NetworkError::Kernel { ref operation, .. } => {
                let message = format!("cannot {operation}");
                let NetworkError::Kernel { source, .. } = error else { return Fault::internal(message) };
                Fault::new(kind, message).because(source)
            }
            NetworkError::Subnet(source) => Fault::new(kind, "invalid network config").because(source),
            other => Fault::new(kind, other.to_string()),
        }
    }
}

/// An errno as C's strerror says it, in lower case.
fn plain(errno: rustix::io::Errno, source: &io::Error) -> String {
    match errno {
        rustix::io::Errno::ADDRINUSE => "address already in use".to_owned(),
        rustix::io::Errno::ADDRNOTAVAIL => "cannot assign requested address".to_owned(),
        rustix::io::Errno::ACCESS => "permission denied".to_owned(),
        _ => source.to_string(),
    }
}
