//! `why-kept`: what a layer or a blob stays for.

use std::collections::BTreeSet;

use knarr_api::compare::{Reason, WhyKept};
use knarr_model::{Digest, Fault, Result};

use super::Kept;
use crate::Engine;

impl Engine {
    /// The layers and blobs that `text` means, each with why it stays: the beginning of a chain id, a diff id or a blob's digest.
    pub fn why_kept(&self, text: &str) -> Result<Vec<WhyKept>> {
        let digits = text.strip_prefix("sha256:").unwrap_or(text);
        let meant = |digest: &Digest| !digits.is_empty() && digest.hex().starts_with(digits);
        let mut found = BTreeSet::new();
        for layer in self.layers.list() {
            if meant(&layer.chain_id) || meant(&layer.diff_id) {
                found.insert(("layer", layer.chain_id));
            }
        }
        let named = self.images.needs()?.into_iter().flat_map(|needs| needs.blobs);
        found.extend(
            named
                .chain(text.parse())
                .filter(meant)
                .filter(|blob| self.content.path(blob).exists())
                .map(|blob| ("blob", blob)),
        );
        if found.is_empty() {
            return Err(Fault::not_found(format!("No such layer or blob: {text}")));
        }
        found.into_iter().map(|(kind, digest)| self.explain(kind, &digest)).collect()
    }

    fn explain(&self, kind: &str, digest: &Digest) -> Result<WhyKept> {
        let reasons = self.kept_because(digest)?.iter().map(reason).collect();
        Ok(WhyKept { digest: digest.to_string(), kind: kind.to_owned(), reasons })
    }
}

fn reason(kept: &Kept) -> Reason {
    let (kind, id) = match kept {
        Kept::ByImage { id, .. } => ("image", id.to_string()),
        Kept::ByContainer { id, .. } => ("container", id.to_string()),
        Kept::ByWork => ("work", String::new()),
        Kept::Leftover => ("leftover", String::new()),
    };
    Reason { kind: kind.to_owned(), id, text: kept.to_string() }
}
