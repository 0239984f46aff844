//! From an image to what it was made from, with how that is known.

use std::collections::HashMap;

use knarr_model::{Digest, Reference};

use super::claim::{Claim, Evidence};
use super::leaf::Leaf;
use super::tree::{Member, Tree};

/// One way to know what an image descends from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// How it is known.
    pub evidence: Evidence,
    /// The image that it leads to, where that is here.
    pub image: Option<Digest>,
    /// The node that it leads to; none where that is not here.
    pub node: Option<usize>,
    /// What the source calls the origin.
    pub name: Option<Reference>,
    /// The digest by which the source names it.
    pub digest: Option<Digest>,
    /// The image that is named is here, and its layers are not those below: what is said is wrong.
    pub contradicted: bool,
}

impl Edge {
    fn new(evidence: Evidence) -> Self {
        Self { evidence, image: None, node: None, name: None, digest: None, contradicted: false }
    }
}

/// All images of a tree, by what they are called.
pub(super) struct Called<'t> {
    tree: &'t Tree,
    by_digest: HashMap<&'t Digest, Vec<&'t Member>>,
    by_tag: HashMap<&'t Reference, &'t Member>,
}

impl<'t> Called<'t> {
    pub(super) fn new(tree: &'t Tree) -> Self {
        let mut called = Self { tree, by_digest: HashMap::new(), by_tag: HashMap::new() };
        for member in &tree.images {
            for digest in member.leaf.meaning() {
                called.by_digest.entry(digest).or_default().push(member);
            }
            called.by_tag.extend(member.leaf.tags.iter().map(|tag| (tag, member)));
        }
        called
    }

    /// All that is known of an image's origin, the surest first.
    pub(super) fn edges(&self, member: &Member) -> Vec<Edge> {
        let mut edges: Vec<Edge> = self.built(&member.leaf).into_iter().collect();
        edges.extend(member.leaf.claims.iter().filter_map(|claim| self.claimed(member, claim)));
        edges.extend(self.shared(member));
        edges.sort_by_key(|edge| (edge.contradicted, edge.evidence));
        edges
    }

    /// The image that it was built on; of nameless steps between the two nothing is said.
    fn built(&self, leaf: &Leaf) -> Option<Edge> {
        let mut parent = leaf.parent.as_ref()?;
        while let Some(step) = self.tree.steps.get(parent) {
            parent = step.as_ref()?;
        }
        let found = self.tree.member(parent);
        let digest = found.is_none().then(|| parent.clone());
        let image = found.map(|member| member.leaf.id.clone());
        Some(Edge { image, node: found.and_then(|member| member.node), digest, ..Edge::new(Evidence::Built) })
    }

    /// What a claim comes to, held against the layers. What provenance names was used in the build; only where its layers are
    /// below was it also what the image stands on.
    fn claimed(&self, member: &Member, claim: &Claim) -> Option<Edge> {
        let said = Edge { name: claim.name.clone(), digest: claim.digest.clone(), ..Edge::new(claim.source) };
        let meant = self.meant(claim);
        let below = |other: &&&Member| other.leaf.id != member.leaf.id && self.lies_below(other, member);
        match meant.iter().find(below) {
            Some(other) => Some(Edge { image: Some(other.leaf.id.clone()), node: other.node, ..said }),
            None if claim.source == Evidence::Provenance => None,
            // A name alone may have meant another image then.
            None => Some(Edge { contradicted: claim.digest.is_some() && !meant.is_empty(), ..said }),
        }
    }

    /// The images that a claim is about: by digest where it says one, else by name.
    fn meant(&self, claim: &Claim) -> Vec<&'t Member> {
        match (&claim.digest, &claim.name) {
            (Some(digest), _) => self.by_digest.get(digest).cloned().unwrap_or_default(),
            (None, Some(name)) => self.by_tag.get(name).copied().into_iter().collect(),
            (None, None) => Vec::new(),
        }
    }

    /// The layers below those that only this image and its like have.
    fn shared(&self, member: &Member) -> Option<Edge> {
        let node = self.tree.nodes[member.node?].parent?;
        Some(Edge { node: Some(node), ..Edge::new(Evidence::SharedLayers) })
    }

    /// Whether all layers of `lower`, at least one, are the lowest of `upper`.
    fn lies_below(&self, lower: &Member, upper: &Member) -> bool {
        lower.node.is_some_and(|lower| upper.node.is_some_and(|upper| self.tree.path(upper).any(|node| node == lower)))
    }
}
