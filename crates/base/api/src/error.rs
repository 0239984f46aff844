//! Errors as Docker gives them.

use crate::wire::wire;

wire! {
    /// The body of every answer with a status of 400 or more.
    pub struct Message {
        /// One sentence for a person.
        pub message: String,
    }
}
