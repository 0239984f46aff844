//! `<<EOF`, `<<-EOF`, `3<<"EOF"`: finding the here-documents of an instruction.

use super::Heredoc;
use super::words::{self, Word};

/// The instructions that may have here-documents, also as triggers of `ONBUILD`.
const TAKERS: [&str; 3] = ["ADD", "COPY", "RUN"];

/// The here-documents that a line announces, in their order, each with the offset of its word. Their contents are not read yet.
pub(super) fn find(line: &str, escape: char) -> Vec<(usize, Heredoc)> {
    let mut keywords = line.split_whitespace().skip_while(|word| word.eq_ignore_ascii_case("ONBUILD"));
    let keyword = keywords.next().unwrap_or_default();
    if !TAKERS.iter().any(|taker| taker.eq_ignore_ascii_case(keyword)) || !line.contains("<<") {
        return Vec::new();
    }
    // An open quote means that the shell will read this line in its own way: nothing in it is taken for a here-document.
    let Some(words) = words::split_closed(line, escape) else { return Vec::new() };
    words.iter().filter_map(|word| Some((word.offset, parse(word, escape)?))).collect()
}

/// `[fd]<<[-]word`; a here-string (`<<<`) or a shift is none.
pub(super) fn parse(word: &Word<'_>, escape: char) -> Option<Heredoc> {
    let rest = word.text.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let rest = rest.strip_prefix('-').unwrap_or(rest);
    if rest.is_empty() || rest.contains('<') {
        return None;
    }
    let name = words::unquote(rest, escape);
    let expand = !rest.contains(['"', '\'']);
    (!name.is_empty()).then(|| Heredoc { name, content: String::new(), expand, word: word.text.to_owned() })
}
