//! The families spoken here (rtnetlink(7), nf_tables, conntrack).

pub(crate) mod conntrack;
pub(crate) mod nftables;
pub(crate) mod route;
