//! JSON, indented as Go does, with members in the order in which they came.

/// Indents a JSON document by four spaces a level, each line behind `prefix`.
pub(crate) fn indent(json: &[u8], prefix: &str) -> String {
    let text = String::from_utf8_lossy(json);
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0usize;
    let mut in_string = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if in_string {
            out.push(c);
            match c {
                '\\' => out.extend(chars.next()),
                '"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match c {
            c if c.is_ascii_whitespace() => {}
            '{' | '[' => {
                out.push(c);
                while chars.next_if(char::is_ascii_whitespace).is_some() {}
                match chars.next_if(|&next| next == '}' || next == ']') {
                    Some(close) => out.push(close),
                    None => {
                        depth += 1;
                        newline(&mut out, prefix, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                newline(&mut out, prefix, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                newline(&mut out, prefix, depth);
            }
            ':' => out.push_str(": "),
            c => {
                in_string = c == '"';
                out.push(c);
            }
        }
    }
    out
}

fn newline(out: &mut String, prefix: &str, depth: usize) {
    out.push('\n');
    out.push_str(prefix);
    out.extend(std::iter::repeat_n("    ", depth));
}

#[cfg(test)]
mod tests {
    #[test]
    fn documents_are_indented() {
        let json = br#"{"b":[1, {}], "a":"x:{\"y\",", "e":[ ]}"#;
        let expected =
            "{\n    \"b\": [\n        1,\n        {}\n    ],\n    \"a\": \"x:{\\\"y\\\",\",\n    \"e\": []\n}";
        assert_eq!(super::indent(json, ""), expected);
    }
}
