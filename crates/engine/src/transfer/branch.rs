//! `pull --up-to`: the lowest layers of an image, as an image of their own without a name.

use knarr_images::{Image, Registration};
use knarr_model::oci::{History, ImageConfig, RunConfig};
use knarr_model::{Digest, Fault, Reference, Result};

use super::pull::archives;
use crate::Engine;

/// Cuts an image off above a node: a number of layers, or the beginning of the chain id, the diff id or the blob's digest of one.
pub(super) fn cut(image: &mut knarr_transfer::Image, node: &str, of: &Reference) -> Result<()> {
    let count = layers(image, node, of)?;
    image.document.layers.truncate(count);
    image.config = below(&image.config, count);
    Ok(())
}

fn layers(image: &knarr_transfer::Image, node: &str, of: &Reference) -> Result<usize> {
    let all = image.document.layers.len();
    let refuse = |reason: String| Fault::invalid(format!("cannot pull {} up to {node}: {reason}", of.familiar()));
    // More digits than an image has layers are the beginning of a digest.
    if let Some(count) = node.parse::<usize>().ok().filter(|_| node.len() <= 3) {
        return if (1..=all).contains(&count) { Ok(count) } else { Err(refuse(format!("it has {all} layers"))) };
    }
    let digits = node.strip_prefix("sha256:").unwrap_or(node);
    let begins = |digest: &Digest| !digits.is_empty() && digest.hex().starts_with(digits);
    let chain = image.config.chain_ids();
    let layers = chain.iter().zip(&image.config.rootfs.diff_ids).zip(&image.document.layers).enumerate();
    let meant = layers.filter(|(_, ((chain, diff_id), blob))| begins(chain) || begins(diff_id) || begins(&blob.digest));
    let meant: Vec<usize> = meant.map(|(index, _)| index + 1).collect();
    match meant.as_slice() {
        [count] => Ok(*count),
        [] => Err(refuse("none of its layers has such a chain id, diff id or digest".to_owned())),
        several => Err(refuse(format!("{} of its layers begin so; give more digits", several.len()))),
    }
}

/// The config of the lowest layers. What a container of the whole would run says nothing of them, and is left out.
fn below(whole: &ImageConfig, count: usize) -> ImageConfig {
    let history = steps(&whole.history, count);
    ImageConfig {
        created: history.last().and_then(|step| step.created.clone()),
        architecture: whole.architecture.clone(),
        variant: whole.variant.clone(),
        os: whole.os.clone(),
        config: RunConfig::default(),
        rootfs: knarr_model::oci::RootFs {
            kind: whole.rootfs.kind.clone(),
            diff_ids: whole.rootfs.diff_ids[..count].to_vec(),
        },
        history,
        ..ImageConfig::scratch()
    }
}

/// The steps up to that which made the last of so many layers.
fn steps(history: &[History], count: usize) -> Vec<History> {
    let mut layers = 0;
    let within = |step: &&History| {
        let wanted = layers < count;
        layers += usize::from(!step.empty_layer);
        wanted
    };
    history.iter().take_while(within).cloned().collect()
}

impl Engine {
    /// Records the branch. The same layers of the same image give the same id.
    pub(super) fn register_branch(&self, branch: &knarr_transfer::Image) -> Result<Image> {
        self.images.remember_blobs(&archives(branch))?;
        let encoded = serde_json::to_vec(&branch.config);
        let registered = self.images.register(Registration {
            config: encoded.map_err(|e| Fault::internal("cannot write an image config").because(e))?,
            size: self.layers.size(branch.config.chain_ids().last())?,
            ..Registration::default()
        });
        Ok(registered?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_ends_with_the_last_layer() {
        let step = |by: &str, empty_layer| History { created_by: Some(by.into()), empty_layer, ..Default::default() };
        let all = [step("a", false), step("env", true), step("b", false), step("cmd", true), step("c", false)];
        let kept = |count| steps(&all, count).iter().map(|step| step.created_by.clone().unwrap()).collect::<Vec<_>>();
        assert_eq!(kept(1), ["a"]);
        assert_eq!(kept(2), ["a", "env", "b"]);
        assert_eq!(kept(3), ["a", "env", "b", "cmd", "c"]);
    }
}
