//! What lies in a folder, a line each.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

/// Everything below `root`, sorted: `f` for a file, `d/` for a folder, `l -> target`, `p fifo`, `c character 5:1`, `b block 8:0`.
/// Bytes that are no text are shown as `\xff`.
pub fn listing(root: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    visit(root, "", &mut lines);
    lines.sort();
    lines
}

fn visit(folder: &Path, prefix: &str, lines: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder can be listed") {
        let entry = entry.expect("a folder can be listed");
        let name = format!("{prefix}{}", text(entry.file_name().as_encoded_bytes()));
        let meta = entry.metadata().expect("a file can be looked up");
        let kind = meta.file_type();
        let device = || format!("{}:{}", rustix::fs::major(meta.rdev()), rustix::fs::minor(meta.rdev()));
        lines.push(match kind {
            _ if kind.is_dir() => format!("{name}/"),
            _ if kind.is_symlink() => {
                let target = fs::read_link(entry.path()).expect("a link can be read");
                format!("{name} -> {}", text(target.as_os_str().as_encoded_bytes()))
            }
            _ if kind.is_fifo() => format!("{name} fifo"),
            _ if kind.is_char_device() => format!("{name} character {}", device()),
            _ if kind.is_block_device() => format!("{name} block {}", device()),
            _ => name.clone(),
        });
        if kind.is_dir() {
            visit(&entry.path(), &format!("{name}/"), lines);
        }
    }
}

fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}
