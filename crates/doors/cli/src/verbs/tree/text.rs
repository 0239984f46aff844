//! The tree as text: one line an item, in columns.

use knarr_api::tree::Tree;

use super::forest::{Forest, Item};
use crate::error::Result;
use crate::output::{self, columns, short_size};
use crate::verbs::container_rows::short_id;

const HEAD: &str = "IMAGE\tNODE\tLAYERS\tADDS\tSIZE\tSHARED\tOWN\tFROM\tCONTAINERS";

/// Prints it; in colour on a terminal.
pub(super) fn print(tree: &Tree) -> Result {
    output::painted(&draw(&Forest::of(tree)), paint)
}

/// What a change of the node that was asked for would touch.
pub(super) fn affected(name: &str, tree: &Tree) -> String {
    let affects = tree.nodes.first().map(|node| node.affects.clone()).unwrap_or_default();
    let count = |number: i64, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    let (images, containers) = (count(affects.images, "image"), count(affects.containers, "container"));
    format!("{name}: {images} and {containers} have these layers, {} running", affects.running)
}

fn draw(forest: &Forest<'_>) -> String {
    let mut lines = vec![HEAD.to_owned()];
    for root in &forest.roots {
        lines.push(line(&forest.items[*root], ""));
        below(forest, *root, "", &mut lines);
    }
    let text = columns(&lines, 0, 2);
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn below(forest: &Forest<'_>, item: usize, indent: &str, lines: &mut Vec<String>) {
    let children = &forest.items[item].children;
    for (at, child) in children.iter().enumerate() {
        let last = at + 1 == children.len();
        let (branch, rest) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        lines.push(line(&forest.items[*child], &format!("{indent}{branch}")));
        below(forest, *child, &format!("{indent}{rest}"), lines);
    }
}

fn line(item: &Item<'_>, indent: &str) -> String {
    let size = |bytes: i64| short_size(bytes as f64);
    let sized = |bytes: Option<i64>| bytes.map_or_else(String::new, size);
    let containers = item.containers.iter().map(|c| format!("{} {}", if c.running { "●" } else { "○" }, c.name));
    let whole = item.image.map(|image| image.size).or(item.node.map(|node| node.stack_size));
    [
        format!("{indent}{}", item.name()),
        item.node.map(|node| short_id(&node.id)).unwrap_or_default(),
        item.adds.map_or(0, |node| node.layers.len()).to_string(),
        size(item.adds.map_or(0, |node| node.size)),
        sized(whole),
        sized(item.image.map(|image| image.shared_size)),
        sized(item.image.map(|image| image.own_size)),
        item.from(),
        containers.collect::<Vec<_>>().join(", "),
    ]
    .join("\t")
}

/// Names and sizes stay as they are; lines of the tree step back, what runs stands out.
fn paint(text: &str) -> String {
    let mut painted = String::with_capacity(text.len() * 2);
    for (number, line) in text.lines().enumerate() {
        if number == 0 {
            painted.push_str(&format!("\u{1b}[1m{line}\u{1b}[0m\n"));
            continue;
        }
        let names = line.find(|c| !matches!(c, '│' | '├' | '└' | '─' | ' ')).unwrap_or(0);
        let rest = line[names..].replace('●', "\u{1b}[32m●\u{1b}[0m");
        painted.push_str(&format!("\u{1b}[2m{}\u{1b}[0m{rest}\n", &line[..names]));
    }
    painted
}
