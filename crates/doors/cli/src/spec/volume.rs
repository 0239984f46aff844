//! `-v`.

use std::path::Path;

/// What one `-v` means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum VolumeSpec {
    /// A path alone: an anonymous volume.
    Anonymous(String),
    /// `source:target[:options]`.
    Bind(String),
}

/// Reads one `-v`; a relative source that begins with `.` stands for a path below `folder`.
pub(crate) fn volume(text: &str, folder: &Path) -> Result<VolumeSpec, String> {
    let parts: Vec<&str> = text.split(':').collect();
    if text.is_empty() {
        return Err("invalid empty volume spec".into());
    }
    if parts.iter().any(|part| part.is_empty()) {
        return Err(format!("invalid spec: {text}: empty section between colons"));
    }
    match parts.as_slice() {
        // The daemon puts a relative one below the root, as for VOLUME in a Dockerfile.
        [target] => Ok(VolumeSpec::Anonymous((*target).to_owned())),
        [source, target] => {
            absolute(target).map(|()| VolumeSpec::Bind(format!("{}:{target}", resolve(source, folder))))
        }
        [source, target, options] => {
            absolute(target).map(|()| VolumeSpec::Bind(format!("{}:{target}:{options}", resolve(source, folder))))
        }
        _ => Err(format!("invalid spec: {text}: too many colons")),
    }
}

fn absolute(target: &str) -> Result<(), String> {
    if target.starts_with('/') {
        return Ok(());
    }
    Err(format!("invalid volume specification: mount path must be absolute: '{target}'"))
}

/// The path of a source that is relative to `folder` in so many words: it begins with `.`.
pub(crate) fn resolve(source: &str, folder: &Path) -> String {
    if !(source == "." || source == ".." || source.starts_with("./") || source.starts_with("../")) {
        return source.to_owned();
    }
    let mut path = folder.to_path_buf();
    for part in source.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            path.pop();
        } else {
            path.push(part);
        }
    }
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes() {
        let read = |text| volume(text, Path::new("/home/me"));
        let bind = |text: &str| Ok(VolumeSpec::Bind(text.to_owned()));
        assert_eq!(read("/data"), Ok(VolumeSpec::Anonymous("/data".into())));
        assert_eq!(read("data"), Ok(VolumeSpec::Anonymous("data".into())));
        assert_eq!(read("data:/data"), bind("data:/data"));
        assert_eq!(read("/a:/b:ro,z"), bind("/a:/b:ro,z"));
        assert_eq!(read("./x:/b"), bind("/home/me/x:/b"));
        assert_eq!(read("../x/./y:/b:ro"), bind("/home/x/y:/b:ro"));
        for bad in ["", "::", "a:", "a:b", "/a:/b:ro:x"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
