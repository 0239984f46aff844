//! The families of cases.

pub(crate) mod compressed;
pub(crate) mod cut;
pub(crate) mod hard_links;
pub(crate) mod headers;
pub(crate) mod links;
pub(crate) mod names;
pub(crate) mod numbers;
pub(crate) mod overlay;
pub(crate) mod parents;
pub(crate) mod records;
pub(crate) mod replaced;
pub(crate) mod sparse;
pub(crate) mod whiteouts;
