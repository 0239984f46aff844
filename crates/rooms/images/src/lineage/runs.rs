//! Stacks of layers as a tree of runs.

use std::collections::HashMap;

use knarr_model::Digest;
use knarr_model::oci::chain_id;

/// A run of layers that lie on each other and that the same images and containers have. It ends where something hangs, or
/// where stacks part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The run below; none at the bottom.
    pub parent: Option<usize>,
    /// Chain ids, the lowest first; never empty. The last one names the node.
    pub chain: Vec<Digest>,
    /// Their diff ids.
    pub diff_ids: Vec<Digest>,
    /// How many images have these layers.
    pub images: usize,
}

impl Node {
    /// The chain id of its uppermost layer.
    pub fn id(&self) -> &Digest {
        &self.chain[self.chain.len() - 1]
    }
}

/// One layer in the making of a tree.
struct Layer {
    chain: Digest,
    diff_id: Digest,
    below: Option<usize>,
    /// Different layers that lie on it.
    above: usize,
    /// Something hangs on it.
    ends: bool,
    images: usize,
}

/// All layers of all stacks, each once, those below before those above.
#[derive(Default)]
pub(super) struct Stacks {
    layers: Vec<Layer>,
    known: HashMap<(Option<usize>, Digest), usize>,
}

impl Stacks {
    /// Adds a stack on which something hangs; its uppermost layer.
    pub(super) fn add(&mut self, diff_ids: &[Digest], of_image: bool) -> Option<usize> {
        let mut top = None;
        for diff_id in diff_ids {
            let layer = self.layer(top, diff_id);
            self.layers[layer].images += usize::from(of_image);
            top = Some(layer);
        }
        if let Some(top) = top {
            self.layers[top].ends = true;
        }
        top
    }

    fn layer(&mut self, below: Option<usize>, diff_id: &Digest) -> usize {
        if let Some(known) = self.known.get(&(below, diff_id.clone())) {
            return *known;
        }
        let chain = below.map_or_else(|| diff_id.clone(), |below| chain_id(&self.layers[below].chain, diff_id));
        if let Some(below) = below {
            self.layers[below].above += 1;
        }
        let new = self.layers.len();
        self.layers.push(Layer { chain, diff_id: diff_id.clone(), below, above: 0, ends: false, images: 0 });
        self.known.insert((below, diff_id.clone()), new);
        new
    }

    /// The runs, those below before those above, and the run of each layer.
    pub(super) fn runs(self) -> (Vec<Node>, Vec<usize>) {
        let mut nodes: Vec<Node> = Vec::new();
        let mut places: Vec<usize> = Vec::with_capacity(self.layers.len());
        let joins: Vec<bool> = self.layers.iter().map(|layer| !layer.ends && layer.above == 1).collect();
        for layer in self.layers {
            let parent = layer.below.map(|below| places[below]);
            let place = match parent {
                Some(parent) if layer.below.is_some_and(|below| joins[below]) => parent,
                _ => {
                    nodes.push(Node { parent, chain: Vec::new(), diff_ids: Vec::new(), images: layer.images });
                    nodes.len() - 1
                }
            };
            nodes[place].chain.push(layer.chain);
            nodes[place].diff_ids.push(layer.diff_id);
            places.push(place);
        }
        (nodes, places)
    }
}
