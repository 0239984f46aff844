use knarr_model::Digest;

use super::*;
use crate::op::Origin;
use crate::testing::MemoryTree;

fn op(sources: &[&str], excludes: &[&str], parents: bool) -> CopyOp {
    let strings = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    CopyOp {
        from: Origin::Context,
        sources: strings(sources),
        documents: Vec::new(),
        destination: "/".into(),
        into_folder: true,
        owner: None,
        mode: None,
        checksum: None,
        excludes: strings(excludes),
        parents,
        unpack: false,
    }
}

fn tree() -> MemoryTree {
    MemoryTree::of(&[
        ("a.txt", "a"),
        ("b.txt", "b"),
        ("src/main.rs", "m"),
        ("src/deep/x.o", "x"),
        ("src/deep/y.rs", "y"),
        ("src/link", "->main.rs"),
        ("current", "->src"),
        ("dangling", "->nowhere"),
        ("dev/null", "!"),
        ("dev/file", "f"),
    ])
}

fn offline(url: &str) -> std::result::Result<Item, SelectError> {
    Err(SelectError::Source(format!("no network: {url}")))
}

fn listed(op: &CopyOp) -> std::result::Result<Vec<String>, String> {
    let selected = select(op, &tree(), &|_| Ok(false), &offline);
    let selected = selected.map_err(|error| match error {
        SelectError::Source(text) => text,
        SelectError::Tree(fault) => fault.full(),
    })?;
    let show = |item: &Item| format!("{}:{:?}", item.target.display(), item.kind);
    let lines = selected.groups.iter().map(|group| match group {
        Group::File(item) => format!("file {}", show(item)),
        Group::Folder(items) => format!("folder {}", items.iter().map(show).collect::<Vec<_>>().join(" ")),
        Group::Archive(item) => format!("archive {}", show(item)),
    });
    Ok(lines.collect())
}

#[test]
fn sources_are_files_folders_and_patterns() {
    assert_eq!(listed(&op(&["/a.txt"], &[], false)).unwrap(), ["file a.txt:Regular"]);
    assert_eq!(listed(&op(&["*.txt"], &[], false)).unwrap(), ["file a.txt:Regular", "file b.txt:Regular"]);
    let src = "folder deep:Folder link:Link main.rs:Regular deep/x.o:Regular deep/y.rs:Regular";
    assert_eq!(listed(&op(&["src/"], &[], false)).unwrap(), [src]);
    assert_eq!(listed(&op(&["./src/../src"], &[], false)).unwrap(), [src]);
    assert_eq!(listed(&op(&["current"], &[], false)).unwrap(), [src], "a link as a source is followed");
    assert_eq!(listed(&op(&["s*/d*/[xy].rs"], &[], false)).unwrap(), ["file y.rs:Regular"]);
}

#[test]
fn excluded_files_stay_behind() {
    let without = "folder deep:Folder link:Link main.rs:Regular deep/y.rs:Regular";
    assert_eq!(listed(&op(&["src"], &["**/*.o"], false)).unwrap(), [without]);
    assert_eq!(listed(&op(&["*.txt"], &["a.*"], false)).unwrap(), ["file b.txt:Regular"]);
    assert_eq!(listed(&op(&["src"], &["deep", "l*"], false)).unwrap(), ["folder main.rs:Regular"]);
}

#[test]
fn parents_are_kept_on_request() {
    let kept = "folder src:Folder src/deep:Folder src/deep/y.rs:Regular";
    assert_eq!(listed(&op(&["src/deep/*.rs"], &[], true)).unwrap(), [kept]);
    assert_eq!(listed(&op(&["src/./deep/y.rs"], &[], true)).unwrap(), ["folder deep:Folder deep/y.rs:Regular"]);
}

#[test]
fn wrong_sources_are_named() {
    for (bad, expected) in [
        ("nope", "file not found in build context or excluded by .dockerignore: nope"),
        ("dangling", "file not found in build context or excluded by .dockerignore: dangling"),
        ("../x", "forbidden path outside the build context: ../x"),
        ("a/../../x", "forbidden path outside the build context: a/../../x"),
        ("*.none", "no file in the build context matches *.none"),
        ("[", "[: invalid pattern \"[\": missing ]"),
        ("dev/null", "dev/null is a device, a socket or a pipe"),
    ] {
        assert_eq!(listed(&op(&[bad], &[], false)).unwrap_err(), expected);
    }
}

#[test]
fn special_files_inside_folders_are_counted() {
    let selection = select(&op(&["dev"], &[], false), &tree(), &|_| Ok(false), &offline).unwrap();
    assert_eq!(selection.skipped, 1);
}

fn digest_of(tree: &MemoryTree, keep_owner: bool) -> Digest {
    let selection = select(&op(&["."], &["dangling"], false), tree, &|_| Ok(false), &offline).unwrap();
    manifest(&selection.groups, tree, keep_owner).unwrap().digest.unwrap()
}

#[test]
fn the_digest_knows_content_and_names_but_no_times() {
    let before = tree();
    let mut touched = before.clone();
    touched.1 = 99;
    assert_eq!(digest_of(&before, false), digest_of(&touched, false));
    assert_ne!(digest_of(&before, false), digest_of(&before, true));
    let changes: [&dyn Fn(&mut MemoryTree); 4] = [
        &|tree| tree.put("src/main.rs", "M"),
        &|tree| tree.put("src/link", "->deep"),
        &|tree| tree.put("src/new", ""),
        &|tree| {
            tree.0.remove(Path::new("a.txt"));
        },
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut changed = before.clone();
        change(&mut changed);
        assert_ne!(digest_of(&before, false), digest_of(&changed, false), "{number}");
    }
}
