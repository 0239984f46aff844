//! The OCI runtime-spec types.
