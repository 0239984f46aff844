//! Which part of the tree is wanted.

use std::collections::HashSet;

use knarr_images::{Member, Tree};
use knarr_model::{Digest, Fault, Kind, Result};

use crate::Engine;

/// A part of the tree. A node is named by a tag or an id of an image on it, or by the beginning of the chain id of one of its layers.
#[derive(Debug, Clone, Default)]
pub enum Part {
    /// All of it.
    #[default]
    Whole,
    /// A node with all that stands on it.
    Children(String),
    /// An image, or a node, with all that it stands on.
    Parents(String),
}

/// The nodes and images that were chosen.
pub(super) struct Chosen {
    pub(super) nodes: Vec<bool>,
    pub(super) images: HashSet<Digest>,
}

/// What a text means in the tree.
struct Found<'t> {
    image: Option<&'t Member>,
    node: Option<usize>,
}

impl Engine {
    pub(super) fn choose(&self, tree: &Tree, part: &Part) -> Result<Chosen> {
        match part {
            Part::Whole => {
                let images = tree.images.iter().map(|member| member.leaf.id.clone()).collect();
                Ok(Chosen { nodes: vec![true; tree.nodes.len()], images })
            }
            Part::Children(text) => children(tree, text, &self.find(tree, text)?),
            Part::Parents(text) => Ok(parents(tree, &self.find(tree, text)?)),
        }
    }

    fn find<'t>(&self, tree: &'t Tree, text: &str) -> Result<Found<'t>> {
        match self.images.resolve(text).map_err(Fault::from) {
            // A step of a build may not be in the tree, but its layers are below those of what was built.
            Ok(image) => {
                Ok(Found { image: tree.member(&image.id), node: image.top().and_then(|top| tree.place(&top)) })
            }
            Err(fault) if fault.kind() == Kind::NotFound => {
                Ok(Found { image: None, node: Some(node(tree, text)?.ok_or(fault)?) })
            }
            Err(fault) => Err(fault),
        }
    }
}

/// The node that has a layer whose chain id begins so.
fn node(tree: &Tree, text: &str) -> Result<Option<usize>> {
    let found = tree.places(text.strip_prefix("sha256:").unwrap_or(text));
    match found.len() {
        0 | 1 => Ok(found.into_iter().next()),
        count => {
            let text = format!("layer id prefix {text:?} is ambiguous: it matches {count} nodes; give more digits");
            Err(Fault::invalid(text))
        }
    }
}

fn children(tree: &Tree, text: &str, found: &Found<'_>) -> Result<Chosen> {
    let missing = || Fault::invalid(format!("{text} has no layers that anything could stand on"));
    let bottom = found.node.ok_or_else(missing)?;
    let mut nodes = vec![false; tree.nodes.len()];
    for (index, node) in tree.nodes.iter().enumerate() {
        nodes[index] = index == bottom || node.parent.is_some_and(|parent| nodes[parent]);
    }
    let on = |member: &&Member| member.node.is_some_and(|node| nodes[node]);
    let images = tree.images.iter().filter(on).map(|member| member.leaf.id.clone()).collect();
    Ok(Chosen { nodes, images })
}

fn parents(tree: &Tree, found: &Found<'_>) -> Chosen {
    let mut nodes = vec![false; tree.nodes.len()];
    for node in found.node.iter().flat_map(|node| tree.path(*node)) {
        nodes[node] = true;
    }
    // Beside the image, on its own layers, may be others; only those that it was made from are among its parents.
    let beside = |member: &Member| found.image.is_some() && member.node == found.node;
    let on = |member: &&Member| member.node.is_some_and(|node| nodes[node]) && !beside(member);
    let mut images: HashSet<Digest> = tree.images.iter().filter(on).map(|member| member.leaf.id.clone()).collect();
    let mut next = found.image;
    while let Some(member) = next.filter(|member| images.insert(member.leaf.id.clone())) {
        let origin = member.edges.iter().find_map(|edge| edge.image.as_ref());
        next = origin.and_then(|id| tree.member(id)).filter(|origin| origin.node == found.node);
    }
    Chosen { nodes, images }
}
