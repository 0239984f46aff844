//! The metadata database and atomic files.
