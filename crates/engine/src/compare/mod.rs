//! `image diff` and `image waste`: what images show, what they hide, and how two of them differ.

mod config;
mod packages;
mod waste;

use std::sync::Arc;

use knarr_api::compare::{Diff, File, Side};
use knarr_images::Image;
use knarr_layers::{Aspect, Difference, Layer};
use knarr_model::Result;

use crate::Engine;
use crate::engine::blocking;

impl Engine {
    /// How the image `to` differs from the image `from`: files, packages, configuration, bytes.
    pub async fn compare_images(self: &Arc<Self>, from: &str, to: &str) -> Result<Diff> {
        let (engine, from, to) = (Arc::clone(self), from.to_owned(), to.to_owned());
        blocking(move || {
            // Neither image's layers go while they are read.
            let _lease = engine.lease();
            engine.compare(&engine.images.resolve(&from)?, &engine.images.resolve(&to)?)
        })
        .await
    }

    fn compare(&self, from: &Image, to: &Image) -> Result<Diff> {
        let (below, above) = (self.layers.stack(from.top().as_ref())?, self.layers.stack(to.top().as_ref())?);
        let shared = below.iter().zip(&above).take_while(|(a, b)| a.chain_id == b.chain_id).count();
        let (before, after) = (self.layers.merged(&below)?, self.layers.merged(&above)?);
        Ok(Diff {
            from: side(from, &below),
            to: side(to, &above),
            shared_layers: number(shared as u64),
            shared_size: number(below[..shared].iter().map(|layer| layer.size).sum()),
            config: config::differences(from.config(), to.config()),
            packages: packages::differences(&before, &after)?,
            files: before.differences(&after, shared)?.into_iter().map(file).collect(),
        })
    }
}

fn side(image: &Image, layers: &[Layer]) -> Side {
    let size = layers.iter().map(|layer| layer.size).sum();
    Side { id: image.id.to_string(), size: number(size), layers: number(layers.len() as u64) }
}

fn file(found: Difference) -> File {
    let kind = match (found.before, found.after) {
        (None, _) => "added",
        (_, None) => "removed",
        _ => "changed",
    };
    File {
        path: found.path.to_string_lossy().into_owned(),
        kind: kind.to_owned(),
        aspects: found.aspects.into_iter().map(|aspect| word(aspect).to_owned()).collect(),
        before: number(found.before.unwrap_or_default()),
        after: number(found.after.unwrap_or_default()),
    }
}

fn word(aspect: Aspect) -> &'static str {
    match aspect {
        Aspect::Kind => "kind",
        Aspect::Content => "content",
        Aspect::Mode => "mode",
        Aspect::Owner => "owner",
        Aspect::Attributes => "attributes",
    }
}

fn number(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
