//! Help, completions and manual pages: for every verb, and readable by the programs they are for.

mod fake;

use std::process::{Command, Stdio};

use fake::Fake;

/// Every command that the help leads to, from the front page down.
fn commands(fake: &Fake) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![Vec::new()];
    while let Some(path) = open.pop() {
        let words: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
        let help = fake.run(&words).stdout;
        let sections = help.split("\n\n").filter(|section| section.lines().next().unwrap_or("").ends_with("ommands:"));
        for line in sections.flat_map(|section| section.lines().skip(1)) {
            let name = line.split_whitespace().next().unwrap().to_owned();
            open.push([path.clone(), vec![name]].concat());
        }
        found.push(path);
    }
    found
}

#[test]
fn every_verb_has_a_purpose_a_usage_and_both_ways_to_its_help() {
    let fake = Fake::start(&[]);
    let all = commands(&fake);
    assert!(all.len() > 90, "only {} commands", all.len());
    for path in all.iter().filter(|path| !path.is_empty()) {
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        let help = fake.run(&[words.as_slice(), &["--help"]].concat());
        let name = path.join(" ");
        assert!(help.code == 0 && help.stderr.is_empty(), "{name}: {}", help.stderr);
        assert!(help.stdout.starts_with(&format!("Usage:  knarr {name}")), "{name}:\n{}", help.stdout);
        let purpose = help.stdout.split("\n\n").nth(1).unwrap();
        assert!(purpose.lines().count() == 1 && purpose.len() > 8, "{name}: {purpose}");
        assert!(!purpose.ends_with('.') && purpose.starts_with(char::is_uppercase), "{name}: {purpose}");
    }
    for words in [&["run"][..], &["network", "create"], &["system"]] {
        let help = fake.run(&[words, &["--help"]].concat()).stdout;
        assert_eq!(fake.run(&[&["help"], words].concat()).stdout, help, "help {words:?}");
    }
    assert_eq!(fake.run(&["help"]).stdout, fake.run(&[]).stdout);
}

#[test]
fn completions_complete() {
    let fake = Fake::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("knarr.bash");
    std::fs::write(&script, fake.run(&["completion", "bash"]).stdout).unwrap();
    let complete = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let (current, before) = (words[words.len() - 1], words[words.len() - 2]);
        let body = format!(
            ". {}; COMP_WORDS=({line}); COMP_CWORD={}; _knarr knarr '{current}' '{before}'; echo \"${{COMPREPLY[@]}}\"",
            script.display(),
            words.len() - 1
        );
        let output = Command::new("bash").args(["-c", &body]).output().unwrap();
        assert!(output.stderr.is_empty(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(complete("knarr ru"), "run runtime");
    assert_eq!(complete("knarr dae"), "daemon");
    assert_eq!(complete("knarr run --restar"), "--restart");
    assert_eq!(complete("knarr container l"), "logs ls list");
    assert!(fake.run(&["completion", "zsh"]).stdout.starts_with("#compdef knarr\n"));
    assert!(fake.run(&["completion", "fish"]).stdout.contains("complete -c knarr "));
    assert_eq!(fake.run(&["completion", "tcsh"]).code, 125);
}

#[test]
fn manual_pages_render() {
    let fake = Fake::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(fake.run(&["man", folder.path().to_str().unwrap()]).code, 0);
    let mut rendered = 0;
    for page in std::fs::read_dir(folder.path()).unwrap() {
        let path = page.unwrap().path();
        let groff =
            Command::new("groff").args(["-man", "-Tutf8", "-P-cbou", "-ww"]).arg(&path).stdin(Stdio::null()).output();
        let output = groff.unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && output.stderr.is_empty(), "{path:?}: {:?}", output.stderr);
        assert!(text.contains("NAME") && text.contains("SYNOPSIS"), "{path:?}: {text}");
        rendered += 1;
    }
    assert!(rendered > 90, "only {rendered} pages");
    let page = std::fs::read_to_string(folder.path().join("knarr-run.1")).unwrap();
    assert!(
        page.contains("knarr run [OPTIONS] IMAGE [COMMAND] [ARG...]") && page.contains("a shell with the folder here")
    );
}
