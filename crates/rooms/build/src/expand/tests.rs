use super::*;

fn lookup(name: &str) -> Option<String> {
    match name {
        "x" => Some("xyz".into()),
        "empty" => Some(String::new()),
        "path" => Some("/usr/lib/lib.so.6".into()),
        "list" => Some("80 443/udp".into()),
        _ => None,
    }
}

fn word(text: &str) -> Result<String> {
    Expander { escape: '\\', lookup: &lookup }.word(text)
}

#[test]
fn substitutions_follow_the_reference() {
    let table = [
        ("", ""),
        ("plain text", "plain text"),
        ("$x", "xyz"),
        ("${x}", "xyz"),
        ("a$x-b", "axyz-b"),
        ("a${x}b", "axyzb"),
        ("$nope", ""),
        ("${nope}", ""),
        (r"\$x", "$x"),
        (r"\\$x", r"\xyz"),
        (r#""$x 'y'""#, "xyz 'y'"),
        (r#"'$x "y"'"#, r#"$x "y""#),
        (r#""\$x\"\\\n""#, r#"$x"\\n"#),
        ("${nope:-d}", "d"),
        ("${empty:-d}", "d"),
        ("${empty-d}", ""),
        ("${nope-d}", "d"),
        ("${x:-d}", "xyz"),
        ("${x:+a}", "a"),
        ("${empty:+a}", ""),
        ("${empty+a}", "a"),
        ("${nope+a}", ""),
        ("${x:?e}", "xyz"),
        ("${empty?e}", ""),
        ("${nope:-${x}}", "xyz"),
        ("${nope:-${nope:-${x}}}", "xyz"),
        ("${nope:-a b}", "a b"),
        (r"${nope:-\}}", "}"),
        ("${path#*/}", "usr/lib/lib.so.6"),
        ("${path##*/}", "lib.so.6"),
        ("${path%.*}", "/usr/lib/lib.so"),
        ("${path%%.*}", "/usr/lib/lib"),
        ("${path#nope}", "/usr/lib/lib.so.6"),
        ("${path%?}", "/usr/lib/lib.so."),
        ("${path/lib/LIB}", "/usr/LIB/lib.so.6"),
        ("${path//lib/LIB}", "/usr/LIB/LIB.so.6"),
        ("${path//lib/}", "/usr//.so.6"),
        (r"${path//\//-}", "-usr-lib-lib.so.6"),
        ("${path/u*b/x}", "/x.so.6"),
        ("$", "$"),
        ("$ x", "$ x"),
        ("a$1b", "ab"),
        ("$@", ""),
        ("end\\", "end"),
        ("日${x}本", "日xyz本"),
    ];
    for (text, expected) in table {
        assert_eq!(word(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn broken_substitutions_are_refused() {
    for bad in
        ["${", "${x", "${}", "${:-a}", "${x:", "${x:-a", "${x@Q}", "${x:=a}", "'a", "\"a", "\"a\\", "${x/a", "${x/a/b"]
    {
        assert!(word(bad).is_err(), "{bad}");
    }
    assert_eq!(word("${nope:?must be set}").unwrap_err().to_string(), "nope: must be set");
    assert_eq!(word("${empty:?}").unwrap_err().to_string(), "empty: is not allowed to be empty");
}

#[test]
fn words_are_split_outside_quotes() {
    let expander = Expander { escape: '\\', lookup: &lookup };
    assert_eq!(expander.words("a  $list \"$list\" b\\ c").unwrap(), ["a", "80", "443/udp", "80 443/udp", "b c"]);
    assert_eq!(expander.words("$empty \"$empty\"").unwrap(), [""]);
}

#[test]
fn documents_keep_their_quotes() {
    let expander = Expander { escape: '\\', lookup: &lookup };
    assert_eq!(expander.document("it's \"$x\" \\$x \\n \\\\").unwrap(), "it's \"xyz\" $x \\n \\");
}

#[test]
fn expansion_is_bounded() {
    let large = |_: &str| Some("a".repeat(SIZE_LIMIT / 2 + 1));
    let expander = Expander { escape: '\\', lookup: &large };
    assert!(matches!(expander.word("$x$x"), Err(ExpandError::TooLarge { .. })));
    assert!(matches!(expander.word("\"$x$x\""), Err(ExpandError::TooLarge { .. })));
    assert!(matches!(expander.word("${x//a*b/c}"), Err(ExpandError::TooLarge { .. })));
    assert!(matches!(word(&"${a:-".repeat(100_000)), Err(ExpandError::TooLarge { .. })));
}

proptest::proptest! {
    #[test]
    fn never_panics(text in r#"[ax${}:\-+?#%/*"'\\ ]{0,40}"#) {
        let _ = word(&text);
        let _ = Expander { escape: '`', lookup: &lookup }.words(&text);
        let _ = Expander { escape: '\\', lookup: &lookup }.document(&text);
    }
}
