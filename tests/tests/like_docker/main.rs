//! Our command line beside the unmodified `docker`, on the same daemon: the same words give the same output, errors and exit code.
//!
//! The words are in the lists beside this file, one command line each, split at spaces, quoted with `'`:
//! - `§` stands for a name of the client's own, so that both can make and remove things;
//! - `< text` at the end is what is at stdin;
//! - a line that begins with `~` is worded otherwise on purpose: exit code and standard output are the same, and both say something.

mod normal;
mod stage;
mod words;

use knarr_e2e::{Client, Host};
use normal::{OWN, Said};
use words::Line;

const LISTS: &[(&str, &str)] = &[
    ("lists", include_str!("lists.txt")),
    ("inspect", include_str!("inspect.txt")),
    ("logs", include_str!("logs.txt")),
    ("run", include_str!("run.txt")),
    ("life", include_str!("life.txt")),
    ("images", include_str!("images.txt")),
    ("objects", include_str!("objects.txt")),
    ("system", include_str!("system.txt")),
];

/// What this list does to the same containers is done by one client after the other.
const IN_TURN: &str = "life";

#[test]
fn the_same_words_give_the_same_output() {
    let host = Host::start().unwrap();
    let stage = stage::set(&host);
    let (docker, knarr) = (host.docker(), host.knarr());
    let (mut count, mut different) = (0, Vec::new());
    for (list, text) in LISTS {
        for line in text.lines().filter_map(words::line) {
            count += 1;
            let (theirs, ours) = match *list {
                IN_TURN => (say(&docker, &line, OWN[0], &stage), say(&knarr, &line, OWN[1], &stage)),
                _ => both(&docker, &knarr, &line, &stage),
            };
            // A clock may have gone on between the two.
            if !line.same(&theirs, &ours) && !line.same(&say(&docker, &line, OWN[0], &stage), &ours) {
                different.push(format!("{list}: {}\n--- docker {theirs}\n--- knarr {ours}", line.text));
            }
        }
    }
    assert!(different.is_empty(), "{} of {count}:\n{}", different.len(), different.join("\n"));
    assert!(count > 700, "only {count} command lines");
    let all = knarr.ok(&["ps", "-aq"]).unwrap();
    knarr.ok(&[&["rm", "-fv"][..], &all.split_whitespace().collect::<Vec<_>>()].concat()).unwrap();
    knarr.ok(&["network", "prune", "-f"]).unwrap();
    host.finish().unwrap();
}

fn both(docker: &Client, knarr: &Client, line: &Line, folder: &std::path::Path) -> (Said, Said) {
    std::thread::scope(|scope| {
        let theirs = scope.spawn(|| say(docker, line, OWN[0], folder));
        let ours = say(knarr, line, OWN[1], folder);
        (theirs.join().unwrap(), ours)
    })
}

/// Runs one command line; what it says, without what differs from run to run.
fn say(client: &Client, line: &Line, own: &str, folder: &std::path::Path) -> Said {
    let words: Vec<String> = line.words.iter().map(|word| word.replace('§', own)).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut command = client.command(&words);
    command.current_dir(folder).env("HOME", "/root").env("TZ", "UTC");
    Said::of(words::run(command, line.stdin.as_deref()))
}
