//! What can be wrong with an ignore file.

/// Why an ignore file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IgnoreError {
    /// A pattern breaks the grammar of Go's `filepath.Match`.
    #[error("invalid pattern {pattern:?}: {reason}")]
    Pattern {
        /// The pattern as it was written.
        pattern: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A `!` without a pattern behind it.
    #[error("illegal exclusion pattern: \"!\"")]
    EmptyNegation,
    /// More text than any ignore file needs.
    #[error("ignore file is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// A file on disk is wrong.
    #[error("{path}: {cause}")]
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        cause: Box<IgnoreError>,
    },
    /// The file is there and cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        cause: std::io::Error,
    },
}
