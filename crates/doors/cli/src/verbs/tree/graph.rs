//! The tree for programs that draw: Graphviz and Mermaid.

use std::fmt::Write;

use super::forest::{Forest, Item, called, word};
use crate::output::short_size;

/// A box or an arrow; what the two languages write differently.
trait Language {
    fn open(&self) -> &'static str;
    fn close(&self) -> &'static str;
    fn image(&self, id: &str, lines: &[String]) -> String;
    fn container(&self, id: &str, name: &str, running: bool) -> String;
    fn elsewhere(&self, id: &str, name: &str) -> String;
    fn arrow(&self, from: &str, to: &str, label: &str) -> String;
}

/// In the language of Graphviz.
pub(super) fn dot(forest: &Forest<'_>) -> String {
    write(forest, &Dot)
}

/// In the language of Mermaid.
pub(super) fn mermaid(forest: &Forest<'_>) -> String {
    write(forest, &Mermaid)
}

fn write(forest: &Forest<'_>, language: &dyn Language) -> String {
    let mut out = language.open().to_owned();
    let mut add = |line: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {line}");
    };
    for (number, item) in forest.items.iter().enumerate() {
        let id = format!("i{number}");
        add(language.image(&id, &lines(item)));
        if let Some(origin) = item.best().filter(|origin| origin.image.is_empty() && origin.node.is_empty()) {
            let from = format!("e{number}");
            add(language.elsewhere(&from, &format!("{} (not here)", called(origin))));
            add(language.arrow(&from, &id, word(origin)));
        }
        for container in &item.containers {
            let name = format!("c{}", &container.id[..12.min(container.id.len())]);
            add(language.container(&name, &container.name, container.running));
            add(language.arrow(&id, &name, ""));
        }
        for child in &item.children {
            let label = forest.items[*child].best().map_or("shared layers", word);
            add(language.arrow(&id, &format!("i{child}"), label));
        }
    }
    out + language.close()
}

fn lines(item: &Item<'_>) -> Vec<String> {
    let size = item.image.map(|image| image.size).or(item.node.map(|node| node.stack_size)).unwrap_or_default();
    let adds = item.adds.map_or(0, |node| node.size);
    vec![item.name(), format!("{} (adds {})", short_size(size as f64), short_size(adds as f64))]
}

struct Dot;

impl Dot {
    fn escaped(text: &str) -> String {
        text.replace('\\', "\\\\").replace('"', "\\\"")
    }
}

impl Language for Dot {
    fn open(&self) -> &'static str {
        "digraph images {\n  rankdir=LR;\n  node [shape=box];\n"
    }

    fn close(&self) -> &'static str {
        "}\n"
    }

    fn image(&self, id: &str, lines: &[String]) -> String {
        let lines: Vec<_> = lines.iter().map(|line| Self::escaped(line)).collect();
        format!("{id} [label=\"{}\"];", lines.join("\\n"))
    }

    fn container(&self, id: &str, name: &str, running: bool) -> String {
        let style = if running { ", style=filled, fillcolor=palegreen" } else { "" };
        format!("{id} [label=\"{}\", shape=ellipse{style}];", Self::escaped(name))
    }

    fn elsewhere(&self, id: &str, name: &str) -> String {
        format!("{id} [label=\"{}\", style=dashed];", Self::escaped(name))
    }

    fn arrow(&self, from: &str, to: &str, label: &str) -> String {
        match label {
            "" => format!("{from} -> {to} [style=dotted, dir=none];"),
            label => format!("{from} -> {to} [label=\"{}\"];", Self::escaped(label)),
        }
    }
}

struct Mermaid;

impl Mermaid {
    fn escaped(text: &str) -> String {
        text.replace('"', "#quot;").replace('<', "&lt;").replace('>', "&gt;")
    }
}

impl Language for Mermaid {
    fn open(&self) -> &'static str {
        "graph LR\n  classDef running fill:palegreen\n"
    }

    fn close(&self) -> &'static str {
        ""
    }

    fn image(&self, id: &str, lines: &[String]) -> String {
        let lines: Vec<_> = lines.iter().map(|line| Self::escaped(line)).collect();
        format!("{id}[\"{}\"]", lines.join("<br/>"))
    }

    fn container(&self, id: &str, name: &str, running: bool) -> String {
        format!("{id}([\"{}\"]){}", Self::escaped(name), if running { ":::running" } else { "" })
    }

    fn elsewhere(&self, id: &str, name: &str) -> String {
        format!("{id}[/\"{}\"/]", Self::escaped(name))
    }

    fn arrow(&self, from: &str, to: &str, label: &str) -> String {
        match label {
            "" => format!("{from} -.- {to}"),
            label => format!("{from} -->|{label}| {to}"),
        }
    }
}
