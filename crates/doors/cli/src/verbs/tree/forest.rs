//! What is drawn: one item an image, or a node that no single image stands for; and under which other it is drawn.

use std::collections::{HashMap, HashSet};

use knarr_api::tree::{Container, Image, Node, Origin, Tree};

use crate::verbs::container_rows::short_id;

/// All items, with those that nothing is drawn above.
pub(super) struct Forest<'t> {
    pub(super) items: Vec<Item<'t>>,
    pub(super) roots: Vec<usize>,
}

/// One line, or one box.
pub(super) struct Item<'t> {
    /// None: bare layers.
    pub(super) image: Option<&'t Image>,
    /// The layers that it adds to what it is drawn under; none where it adds none.
    pub(super) adds: Option<&'t Node>,
    /// The node that it is on; none for an image without layers.
    pub(super) node: Option<&'t Node>,
    pub(super) containers: Vec<&'t Container>,
    pub(super) children: Vec<usize>,
    /// What it is made from, by name or id.
    origin: Option<String>,
}

impl<'t> Forest<'t> {
    pub(super) fn of(tree: &'t Tree) -> Self {
        let mut planter = Planter::new(tree);
        for node in &tree.nodes {
            planter.plant(node);
        }
        for image in tree.images.iter().filter(|image| image.node.is_empty()) {
            let item = planter.image(image, None, None);
            planter.forest.roots.push(item);
        }
        for container in &tree.containers {
            planter.hang(container);
        }
        planter.forest.sort();
        planter.forest
    }

    fn sort(&mut self) {
        let keys: Vec<_> = self.items.iter().map(|item| (item.image.is_none(), item.name())).collect();
        self.roots.sort_by_key(|item| &keys[*item]);
        for item in &mut self.items {
            item.children.sort_by_key(|child| &keys[*child]);
        }
    }
}

impl Item<'_> {
    /// The names of its image, or what stands for them.
    pub(super) fn name(&self) -> String {
        let Some(image) = self.image else { return "(layers)".to_owned() };
        match (image.repo_tags.as_slice(), image.repo_digests.as_slice()) {
            ([], []) => format!("<none> {}", short_id(&image.id)),
            ([], [digest, ..]) => digest.split('@').next().unwrap_or(digest).to_owned() + ":<none>",
            (tags, _) => tags.join(", "),
        }
    }

    /// How it is known what it was made from.
    pub(super) fn from(&self) -> String {
        match (self.image, self.best()) {
            (None, _) => String::new(),
            (Some(image), None) => match image.origins.first() {
                Some(wrong) => format!("unknown ({} says {}, the layers do not)", wrong.evidence, called(wrong)),
                None => "unknown".to_owned(),
            },
            (Some(_), Some(origin)) => match (&self.origin, origin.node.is_empty() && origin.image.is_empty()) {
                (Some(name), false) => format!("{}: {name}", word(origin)),
                (_, true) => format!("{}: {} (not here)", word(origin), called(origin)),
                (None, false) => word(origin).to_owned(),
            },
        }
    }

    /// The surest origin that the layers do not contradict.
    pub(super) fn best(&self) -> Option<&Origin> {
        self.image?.origins.iter().find(|origin| !origin.contradicted)
    }
}

/// An edge's label.
pub(super) fn word(origin: &Origin) -> &str {
    if origin.evidence == "shared-layers" { "shared layers" } else { &origin.evidence }
}

/// What a source calls an origin that is not here.
pub(super) fn called(origin: &Origin) -> String {
    if origin.name.is_empty() { short_id(&origin.digest) } else { origin.name.clone() }
}

/// A forest in the making.
struct Planter<'t> {
    forest: Forest<'t>,
    images: HashMap<&'t str, &'t Image>,
    on: HashMap<&'t str, Vec<&'t Image>>,
    of_image: HashMap<&'t str, usize>,
    /// The item that stands for a node: what lies on it is drawn there.
    of_node: HashMap<&'t str, usize>,
}

impl<'t> Planter<'t> {
    fn new(tree: &'t Tree) -> Self {
        let mut on: HashMap<&str, Vec<&Image>> = HashMap::new();
        for image in &tree.images {
            on.entry(&image.node).or_default().push(image);
        }
        Self {
            forest: Forest { items: Vec::new(), roots: Vec::new() },
            images: tree.images.iter().map(|image| (image.id.as_str(), image)).collect(),
            on,
            of_image: HashMap::new(),
            of_node: HashMap::new(),
        }
    }

    /// A node with its images; those below it were planted before.
    fn plant(&mut self, node: &'t Node) {
        let images = self.on.remove(node.id.as_str()).unwrap_or_default();
        let (first, further): (Vec<_>, Vec<_>) = images.into_iter().partition(|image| self.beside(image).is_none());
        let place = match first.as_slice() {
            [image] => self.image(image, Some(node), Some(node)),
            _ => self.push(Item::bare(node)),
        };
        self.of_node.insert(&node.id, place);
        self.draw_under(place, self.under(node, &first));
        if first.len() > 1 {
            for image in first {
                let item = self.image(image, Some(node), None);
                self.draw_under(item, Some(place));
            }
        }
        let items: Vec<_> = further.iter().map(|image| self.image(image, Some(node), None)).collect();
        for (item, image) in items.into_iter().zip(further) {
            let parent = self.beside(image).and_then(|parent| self.of_image.get(parent.id.as_str()).copied());
            self.draw_under(item, parent);
        }
    }

    /// The image on the same layers that this one was made from. Images that name each other stand side by side.
    fn beside(&self, image: &'t Image) -> Option<&'t Image> {
        let step = |image: &&'t Image| {
            let origin = image.origins.iter().find(|origin| !origin.contradicted)?;
            self.images.get(origin.image.as_str()).copied().filter(|parent| parent.node == image.node)
        };
        let mut seen = HashSet::from([image.id.as_str()]);
        let mut next = step(&image);
        while let Some(parent) = next {
            if !seen.insert(&parent.id) {
                return None;
            }
            next = step(&parent);
        }
        step(&image)
    }

    /// What a node is drawn under: the image below that its own was made from, or what stands for the node below.
    fn under(&self, node: &Node, images: &[&Image]) -> Option<usize> {
        let origin = match images {
            [image] => image.origins.iter().find(|origin| !origin.contradicted),
            _ => None,
        };
        let made_from =
            origin.filter(|origin| origin.node == node.parent).and_then(|o| self.of_image.get(o.image.as_str()));
        made_from.or_else(|| self.of_node.get(node.parent.as_str())).copied()
    }

    fn image(&mut self, image: &'t Image, node: Option<&'t Node>, adds: Option<&'t Node>) -> usize {
        let best = image.origins.iter().find(|origin| !origin.contradicted);
        let origin = best.and_then(|origin| self.origin(origin));
        let item = self.push(Item { image: Some(image), origin, adds, ..Item::empty(node) });
        self.of_image.insert(&image.id, item);
        item
    }

    /// An origin that is here, by its name.
    fn origin(&self, origin: &Origin) -> Option<String> {
        let image = self.images.get(origin.image.as_str())?;
        Some(image.repo_tags.first().cloned().unwrap_or_else(|| short_id(&image.id)))
    }

    fn push(&mut self, item: Item<'t>) -> usize {
        self.forest.items.push(item);
        self.forest.items.len() - 1
    }

    fn draw_under(&mut self, item: usize, parent: Option<usize>) {
        match parent {
            Some(parent) => self.forest.items[parent].children.push(item),
            None => self.forest.roots.push(item),
        }
    }

    fn hang(&mut self, container: &'t Container) {
        let by_node = self.of_node.get(container.node.as_str());
        if let Some(item) = self.of_image.get(container.image.as_str()).or(by_node) {
            self.forest.items[*item].containers.push(container);
        }
    }
}

impl<'t> Item<'t> {
    fn empty(node: Option<&'t Node>) -> Self {
        Self { image: None, adds: None, node, containers: Vec::new(), children: Vec::new(), origin: None }
    }

    fn bare(node: &'t Node) -> Self {
        Self { adds: Some(node), ..Self::empty(Some(node)) }
    }
}
