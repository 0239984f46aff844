//! An image as text: its configuration, its history, and how its files differ from the base's.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Cursor;

use anyhow::{Context as _, Result};
use knarr_model::Digest;
use serde_json::Value;

use crate::Client;

/// The base image of the cases.
pub const BASE: &str = "build-base";

/// What of an image's configuration counts, as `inspect` names it.
const MEMBERS: [&str; 13] = [
    "User",
    "ExposedPorts",
    "Env",
    "Cmd",
    "ArgsEscaped",
    "Healthcheck",
    "Volumes",
    "WorkingDir",
    "Entrypoint",
    "OnBuild",
    "Labels",
    "StopSignal",
    "Shell",
];
/// What engines put into a container's files by themselves.
const ENGINES: [&str; 8] =
    ["dev", "proc", "sys", "etc/hosts", "etc/hostname", "etc/resolv.conf", "etc/mtab", ".dockerenv"];
/// Times after this one are those of the build.
const PAST: u64 = 1_500_000_000;

type Tree = BTreeMap<String, String>;

/// Makes snapshots of images on one base.
pub struct Snapshots<'a> {
    client: &'a Client,
    base: Tree,
    server: String,
}

impl<'a> Snapshots<'a> {
    /// The base must be there.
    pub fn new(client: &'a Client, server: &str) -> Result<Self> {
        Ok(Self { client, base: tree(client, BASE)?, server: server.to_owned() })
    }

    /// Describes an image's configuration and files.
    pub fn of(&self, image: &str) -> Result<String> {
        let mut inspected: Value = serde_json::from_str(&self.client.ok(&["image", "inspect", image])?)?;
        inspected.sort_all_objects();
        let image_json = inspected.get(0).context("inspect says nothing")?;
        let mut text = String::new();
        for name in MEMBERS {
            let value = &image_json["Config"][name];
            if !is_empty(value) {
                writeln!(text, "{name} {value}")?;
            }
        }
        for name in ["Author", "Architecture"] {
            let value = image_json[name].as_str().unwrap_or_default();
            if !matches!(value, "" | "amd64") {
                writeln!(text, "{name} {value}")?;
            }
        }
        self.files(&tree(self.client, image)?, &mut text)?;
        Ok(text.replace(&self.server, "{server}"))
    }

    /// Describes an image's history beyond that of the image it was built from.
    pub fn history(&self, image: &str, from: &str) -> Result<String> {
        let (all, inherited) = (history(self.client, image)?, history(self.client, from)?);
        let inherits = all.starts_with(&inherited);
        let own = all.into_iter().skip(if inherits { inherited.len() } else { 0 });
        let text: String = own.filter_map(|line| Some(format!("history {}\n", plain(&line)?))).collect();
        Ok(text.replace(&self.server, "{server}"))
    }

    fn files(&self, tree: &Tree, text: &mut String) -> Result<()> {
        let scratch = !tree.contains_key("bin/busybox");
        for (path, entry) in tree {
            if scratch || self.base.get(path) != Some(entry) {
                writeln!(text, "/{path} {entry}")?;
            }
        }
        let gone = self.base.keys().filter(|path| !scratch && !tree.contains_key(*path));
        gone.into_iter().try_for_each(|path| writeln!(text, "/{path} is gone"))?;
        Ok(())
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// The lines of an image's history, the oldest first.
fn history(client: &Client, image: &str) -> Result<Vec<String>> {
    let text = client.ok(&["history", "--no-trunc", "--format", "{{json .CreatedBy}}", image])?;
    let lines: Result<Vec<String>, _> = text.lines().rev().map(serde_json::from_str).collect();
    Ok(lines?)
}

/// Instructions of which builders write down structures of theirs instead of what the Dockerfile says.
const OWN_WORDS: [&str; 6] = ["CMD", "ENTRYPOINT", "EXPOSE", "HEALTHCHECK", "SHELL", "VOLUME"];

/// What builders have in common: not BuildKit's mark, not the list of arguments in front of a command, no triggers.
fn plain(line: &str) -> Option<String> {
    let line = line.strip_suffix(" # buildkit").unwrap_or(line).trim_end().replace('\n', "\\n");
    let keyword = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
    match (keyword.as_str(), line.find(" /bin/sh -c ")) {
        ("ONBUILD", _) => None,
        (word, _) if OWN_WORDS.contains(&word) => Some(word.to_owned()),
        ("RUN", Some(command)) => Some(format!("RUN{}", &line[command..])),
        _ => Some(line),
    }
}

/// All files of an image, but those that engines make.
fn tree(client: &Client, image: &str) -> Result<Tree> {
    let container = client.ok(&["create", "--network", "none", image, "none"])?;
    let archive = client.command(&["export", &container]).output()?.stdout;
    client.ok(&["rm", "-v", &container])?;
    let mut tree = Tree::new();
    for member in tar::Archive::new(Cursor::new(archive)).entries()? {
        let mut member = member?;
        let path = member.path()?.to_string_lossy().trim_start_matches("./").trim_end_matches('/').to_owned();
        let own = ENGINES.iter().any(|name| path == *name || path.starts_with(&format!("{name}/")));
        if !own && !path.is_empty() && path != "etc" {
            let entry = describe(&mut member)?;
            tree.insert(path, entry);
        }
    }
    Ok(tree)
}

fn describe(member: &mut tar::Entry<'_, impl std::io::Read>) -> Result<String> {
    let header = member.header().clone();
    let link = member.link_name()?.map(|target| target.to_string_lossy().into_owned()).unwrap_or_default();
    let content = match header.entry_type() {
        tar::EntryType::Directory => "folder".to_owned(),
        tar::EntryType::Symlink => format!("-> {link}"),
        tar::EntryType::Link => format!("= {link}"),
        tar::EntryType::Regular => content(member)?,
        other => format!("{other:?}"),
    };
    let time = match header.mtime()? {
        time if time < PAST => format!(" @{time}"),
        _ => String::new(),
    };
    // A folder's time changes with what is put into it, in Docker's builders at moments of their own.
    let time = if header.entry_type().is_dir() { String::new() } else { time };
    let capability = member.pax_extensions()?.into_iter().flatten().flatten();
    let capability =
        capability.filter(|record| record.key().is_ok_and(|key| key.ends_with("security.capability"))).count();
    let capability = if capability > 0 { " capability" } else { "" };
    Ok(format!("{:o} {}:{} {content}{time}{capability}", header.mode()? & 0o7777, header.uid()?, header.gid()?))
}

fn content(member: &mut impl std::io::Read) -> Result<String> {
    let mut bytes = Vec::new();
    member.read_to_end(&mut bytes)?;
    Ok(match std::str::from_utf8(&bytes) {
        Ok(text) if bytes.len() <= 400 => format!("{text:?}"),
        _ => Digest::of(&bytes).hex()[..16].to_owned(),
    })
}
