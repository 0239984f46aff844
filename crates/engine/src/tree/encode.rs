//! The tree in the API's shape.

use std::collections::HashMap;

use knarr_api::tree::{Affects, Container, Image, Layer, Material, Node, Origin, Tree as Answer};
use knarr_images::{Edge, Evidence, Member, Tree};
use knarr_model::Digest;

use super::containers::Hung;
use super::part::Chosen;
use crate::images::{familiar, seconds};

/// The chosen nodes with what hangs on them; `sizes` are the bytes of layers by their chain ids. A layer that was removed
/// meanwhile counts for nothing.
pub(super) fn encode(tree: &Tree, hung: &[Hung], sizes: &HashMap<Digest, u64>, chosen: &Chosen) -> Answer {
    let size = |chain| sizes.get(chain).copied().unwrap_or_default();
    let sizes: Vec<Vec<u64>> = tree.nodes.iter().map(|node| node.chain.iter().map(size).collect()).collect();
    let writer = Writer { tree, sizes: &sizes, stacks: stacks(tree, &sizes) };
    let affects = affects(tree, hung);
    let here = |node: Option<usize>| node.is_some_and(|node| chosen.nodes[node]);
    let wanted = (0..tree.nodes.len()).filter(|node| chosen.nodes[*node]);
    let images = tree.images.iter().filter(|member| chosen.images.contains(&member.leaf.id));
    let containers = hung.iter().filter(|container| {
        let of_image = container.record.image_id.parse().is_ok_and(|id| chosen.images.contains(&id));
        of_image || (here(container.node(tree)) && !tree.has(&container.record.image_id))
    });
    Answer {
        nodes: wanted.map(|node| writer.node(node, &affects[node])).collect(),
        images: images.map(|member| writer.image(member)).collect(),
        containers: containers.map(|container| writer.container(container)).collect(),
    }
}

struct Writer<'t> {
    tree: &'t Tree,
    sizes: &'t [Vec<u64>],
    /// Bytes of each node with all below.
    stacks: Vec<u64>,
}

impl Writer<'_> {
    fn node(&self, index: usize, affects: &Affects) -> Node {
        let node = &self.tree.nodes[index];
        let layers = node.chain.iter().zip(&node.diff_ids).zip(&self.sizes[index]);
        Node {
            id: node.id().to_string(),
            parent: self.id(node.parent),
            layers: layers
                .map(|((chain, diff_id), size)| Layer {
                    chain_id: chain.to_string(),
                    diff_id: diff_id.to_string(),
                    size: bytes(*size),
                })
                .collect(),
            size: bytes(self.own(index)),
            stack_size: bytes(self.stacks[index]),
            affects: affects.clone(),
        }
    }

    fn image(&self, member: &Member) -> Image {
        let leaf = &member.leaf;
        let path = member.node.into_iter().flat_map(|node| self.tree.path(node));
        let own: u64 = path.filter(|node| self.tree.nodes[*node].images == 1).map(|node| self.own(node)).sum();
        let provenance = leaf.claims.iter().filter(|claim| claim.source == Evidence::Provenance);
        Image {
            id: leaf.id.to_string(),
            repo_tags: familiar(&leaf.tags),
            repo_digests: familiar(&leaf.digests),
            created: seconds(leaf.created.as_deref()),
            node: self.id(member.node),
            size: bytes(leaf.size),
            own_size: bytes(own),
            shared_size: bytes(leaf.size.saturating_sub(own)),
            origins: member.edges.iter().map(|edge| self.origin(edge)).collect(),
            materials: provenance
                .map(|claim| Material {
                    name: text(claim.name.as_ref().map(|n| n.familiar())),
                    digest: text(claim.digest.as_ref()),
                })
                .collect(),
        }
    }

    fn own(&self, node: usize) -> u64 {
        self.sizes[node].iter().sum()
    }

    fn origin(&self, edge: &Edge) -> Origin {
        let evidence = match edge.evidence {
            Evidence::Built => "built",
            Evidence::Provenance => "provenance",
            Evidence::Annotation => "annotation",
            Evidence::SharedLayers => "shared-layers",
        };
        Origin {
            evidence: evidence.to_owned(),
            image: text(edge.image.as_ref()),
            node: self.id(edge.node),
            name: text(edge.name.as_ref().map(|name| name.familiar())),
            digest: text(edge.digest.as_ref()),
            contradicted: edge.contradicted,
        }
    }

    fn container(&self, container: &Hung) -> Container {
        let record = &container.record;
        Container {
            id: record.id.to_string(),
            name: record.name.clone(),
            image: record.image_id.clone(),
            node: self.id(container.node(self.tree)),
            state: record.state.status.word().to_owned(),
            running: container.running,
        }
    }

    fn id(&self, node: Option<usize>) -> String {
        text(node.map(|node| self.tree.nodes[node].id()))
    }
}

/// Bytes of each node with all below it.
fn stacks(tree: &Tree, sizes: &[Vec<u64>]) -> Vec<u64> {
    let mut stacks: Vec<u64> = Vec::with_capacity(sizes.len());
    for (node, own) in tree.nodes.iter().zip(sizes) {
        let below = node.parent.map_or(0, |parent| stacks[parent]);
        stacks.push(below + own.iter().sum::<u64>());
    }
    stacks
}

/// What hangs on each node or above it.
fn affects(tree: &Tree, hung: &[Hung]) -> Vec<Affects> {
    let mut all = vec![Affects::default(); tree.nodes.len()];
    for node in tree.images.iter().filter_map(|member| member.node) {
        all[node].images += 1;
    }
    for container in hung {
        if let Some(node) = container.node(tree) {
            all[node].containers += 1;
            all[node].running += i64::from(container.running);
        }
    }
    // Each node stands after the one below it.
    for (index, node) in tree.nodes.iter().enumerate().rev() {
        if let Some(parent) = node.parent {
            let above = all[index].clone();
            all[parent].images += above.images;
            all[parent].containers += above.containers;
            all[parent].running += above.running;
        }
    }
    all
}

fn text(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn bytes(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
