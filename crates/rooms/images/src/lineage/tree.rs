//! The tree as a whole.

use std::collections::{BTreeMap, HashMap, HashSet};

use knarr_model::Digest;

use super::edges::{Called, Edge};
use super::leaf::{Leaf, leaves};
use super::runs::{Node, Stacks};
use crate::error::Result;
use crate::images::Images;

/// The forest of all layers, with the images that hang on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    /// Runs of layers, each after the one below it.
    pub nodes: Vec<Node>,
    /// The images, by id.
    pub images: Vec<Member>,
    /// Steps of builds that are not among the images, with their parents.
    pub(super) steps: BTreeMap<Digest, Option<Digest>>,
    places: HashMap<Digest, usize>,
}

/// An image in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// What is known of it.
    pub leaf: Leaf,
    /// Where its uppermost layer is; none where it has no layers.
    pub node: Option<usize>,
    /// How it is known what it was made from, the surest first; none: unknown.
    pub edges: Vec<Edge>,
}

impl Images {
    /// What the tree needs to know of all images, by id.
    pub fn leaves(&self) -> Result<BTreeMap<Digest, Leaf>> {
        self.store.read(leaves)
    }
}

impl Tree {
    /// The tree of these images; of nameless steps of builds only with `all`. `stacks` are the layers (diff ids, the lowest first)
    /// of all else that hangs there.
    pub fn of(leaves: BTreeMap<Digest, Leaf>, all: bool, stacks: &[&[Digest]]) -> Self {
        let parents: HashSet<Digest> = leaves.values().filter_map(|leaf| leaf.parent.clone()).collect();
        let is_step = |leaf: &Leaf| !all && leaf.nameless() && parents.contains(&leaf.id);
        let (steps, shown): (Vec<Leaf>, Vec<Leaf>) = leaves.into_values().partition(is_step);
        let mut layers = Stacks::default();
        let tops: Vec<_> = shown.iter().map(|leaf| layers.add(&leaf.diff_ids, true)).collect();
        for stack in stacks {
            layers.add(stack, false);
        }
        let (nodes, runs) = layers.runs();
        let places =
            nodes.iter().enumerate().flat_map(|(place, node)| node.chain.iter().map(move |id| (id.clone(), place)));
        let mut tree = Self {
            places: places.collect(),
            nodes,
            images: Vec::with_capacity(shown.len()),
            steps: steps.into_iter().map(|step| (step.id, step.parent)).collect(),
        };
        let members = shown.into_iter().zip(tops);
        tree.images =
            members.map(|(leaf, top)| Member { leaf, node: top.map(|top| runs[top]), edges: Vec::new() }).collect();
        let called = Called::new(&tree);
        let edges: Vec<_> = tree.images.iter().map(|member| called.edges(member)).collect();
        for (member, edges) in tree.images.iter_mut().zip(edges) {
            member.edges = edges;
        }
        tree
    }

    /// The image with this id.
    pub fn member(&self, id: &Digest) -> Option<&Member> {
        let found = self.images.binary_search_by(|member| member.leaf.id.cmp(id));
        found.ok().map(|index| &self.images[index])
    }

    /// Whether the image with this id is in the tree.
    pub fn has(&self, id: &str) -> bool {
        self.images.binary_search_by(|member| member.leaf.id.as_str().cmp(id)).is_ok()
    }

    /// A node and those below it, downwards.
    pub fn path(&self, node: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(node), |node| self.nodes[*node].parent)
    }

    /// The node that has the layer with this chain id.
    pub fn place(&self, chain: &Digest) -> Option<usize> {
        self.places.get(chain).copied()
    }

    /// The nodes that have a layer whose chain id begins with these hex digits.
    pub fn places(&self, digits: &str) -> HashSet<usize> {
        let begins = self.places.iter().filter(|(chain, _)| chain.hex().starts_with(digits));
        begins.map(|(_, place)| *place).collect()
    }
}
