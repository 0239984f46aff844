//! Cache keys: everything that decides a step's result, and nothing else.

use serde::Serialize;

use knarr_model::Digest;
use knarr_model::oci::{ImageConfig, RunConfig};

use crate::error::{BuildError, Result};
use crate::op::{Lowered, Op};

/// Changes when the meaning of keys does.
const VERSION: &str = "knarr-build-1";

/// What an image is to the steps on top of it: its layers, known by their verified diff ids, and its configuration. Times and
/// history do not count.
pub(super) fn identity(image: &ImageConfig) -> Result<Digest> {
    digest(&(VERSION, &image.rootfs.diff_ids, &image.config, image.platform(), &image.author))
}

/// The key of a step on this parent.
pub(super) fn step(parent: &Digest, lowered: &Lowered, files: Option<&Digest>) -> Result<Digest> {
    #[derive(Serialize)]
    struct Material<'a> {
        parent: &'a Digest,
        op: &'a Op,
        config: &'a RunConfig,
        author: &'a Option<String>,
        created_by: &'a str,
        files: Option<&'a Digest>,
    }
    let Lowered { op, config, author, created_by } = lowered;
    digest(&(VERSION, Material { parent, op, config, author, created_by, files }))
}

/// The slot of a step: the same instruction on the same parent, whatever its files and variables are.
pub(super) fn slot(parent: &Digest, text: &str) -> Result<Digest> {
    digest(&(VERSION, "slot", parent, text))
}

fn digest(material: &impl Serialize) -> Result<Digest> {
    serde_json::to_vec(material).map(|bytes| Digest::of(&bytes)).map_err(BuildError::Encode)
}
