//! Reading what the kernel prints.

/// The value of a line of `/proc/<pid>/status`.
pub fn status_field(text: &str, name: &str) -> String {
    let line = text.lines().find(|line| line.starts_with(&format!("{name}:")));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).split_once(':').unwrap().1.trim().to_owned()
}

/// The five sets of `/proc/<pid>/status` as hexadecimal numbers: inheritable, permitted, effective, bounding, ambient.
pub fn capability_sets(text: &str) -> [u64; 5] {
    ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]
        .map(|name| u64::from_str_radix(&status_field(text, name), 16).unwrap())
}

/// A line of `/proc/<pid>/mountinfo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountLine {
    /// What of its file system is mounted.
    pub root: String,
    /// Options of the mount.
    pub options: Vec<String>,
    /// Propagation: `shared:1`, `master:2`, `unbindable`.
    pub tags: Vec<String>,
    /// The file system's type.
    pub kind: String,
    /// Options of the file system.
    pub parameters: Vec<String>,
}

impl MountLine {
    /// The last mount at a place.
    pub fn at(mountinfo: &str, place: &str) -> Self {
        let line = mountinfo.lines().rfind(|line| line.split(' ').nth(4) == Some(place));
        let line = line.unwrap_or_else(|| panic!("nothing is mounted at {place}: {mountinfo}"));
        let (mount, filesystem) = line.split_once(" - ").unwrap();
        let words: Vec<&str> = mount.split(' ').collect();
        let list = |text: &str| text.split(',').map(str::to_owned).collect();
        let mut filesystem = filesystem.split(' ');
        Self {
            root: words[3].to_owned(),
            options: list(words[5]),
            tags: words[6..].iter().map(|word| (*word).to_owned()).collect(),
            kind: filesystem.next().unwrap().to_owned(),
            parameters: list(filesystem.nth(1).unwrap_or_default()),
        }
    }

    /// Whether the mount has an option.
    pub fn has(&self, option: &str) -> bool {
        self.options.iter().any(|known| known == option)
    }

    /// Whether the file system has a parameter.
    pub fn is_given(&self, parameter: &str) -> bool {
        self.parameters.iter().any(|known| known == parameter)
    }

    /// Whether it takes part in propagation: `shared`, `master`, `unbindable`.
    pub fn is(&self, propagation: &str) -> bool {
        self.tags.iter().any(|tag| tag.split(':').next() == Some(propagation))
    }
}
