//! Lexical cleaning of paths.

/// The shortest path that means the same, found without looking at any file (Go's `path.Clean`): `.` and empty components
/// go, `..` eats the component before it, an empty result is `.`.
pub fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if kept.last().is_some_and(|last| *last != "..") => {
                kept.pop();
            }
            ".." if rooted => {}
            part => kept.push(part),
        }
    }
    match (rooted, kept.is_empty()) {
        (true, _) => format!("/{}", kept.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => kept.join("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn paths_are_cleaned_as_go_does() {
        for (path, expected) in [
            ("", "."),
            (".", "."),
            ("a/./b//c/", "a/b/c"),
            ("/a/../b", "/b"),
            ("/../..", "/"),
            ("../a/../..", "../.."),
            ("a/b/../../..", ".."),
        ] {
            assert_eq!(clean(path), expected, "{path}");
        }
    }
}
