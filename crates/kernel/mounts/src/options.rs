//! OCI mount options (config.md, "Linux mount options") as plain data.

use knarr_sys::mount;

use crate::{Attributes, Propagation};

/// How far something that is done to a mount reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The one mount.
    One,
    /// With all mounts below it.
    Recursive,
}

/// What a list of mount options means.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether it is a bind mount.
    pub bind: Option<Reach>,
    /// Whether owners are mapped.
    pub idmap: Option<Reach>,
    /// Whether a tmpfs begins with what it covers.
    pub copy_up: bool,
    /// Attributes of the mount itself.
    pub attributes: Attributes,
    /// Attributes of the mount and all mounts below it.
    pub recursive: Attributes,
    /// Propagation changes in order; the flag says whether mounts below are meant too.
    pub propagation: Vec<(Propagation, bool)>,
    /// Whether what is mounted there already is meant.
    pub remount: bool,
    /// Parameters of the file system: a flag, or a key with its value.
    pub parameters: Vec<(String, Option<String>)>,
}

/// Options without a leading `r`, with the bits that they set and clear.
const ATTRIBUTES: &[(&str, u64, u64)] = &[
    ("ro", mount::RDONLY, 0),
    ("rw", 0, mount::RDONLY),
    ("nosuid", mount::NOSUID, 0),
    ("suid", 0, mount::NOSUID),
    ("nodev", mount::NODEV, 0),
    ("dev", 0, mount::NODEV),
    ("noexec", mount::NOEXEC, 0),
    ("exec", 0, mount::NOEXEC),
    ("nosymfollow", mount::NOSYMFOLLOW, 0),
    ("symfollow", 0, mount::NOSYMFOLLOW),
    ("nodiratime", mount::NODIRATIME, 0),
    ("diratime", 0, mount::NODIRATIME),
    ("relatime", 0, mount::ATIME),
    ("norelatime", mount::STRICTATIME, mount::ATIME),
    ("noatime", mount::NOATIME, mount::ATIME),
    ("atime", 0, mount::ATIME),
    ("strictatime", mount::STRICTATIME, mount::ATIME),
    ("nostrictatime", 0, mount::ATIME),
];

impl Options {
    /// Reads options, the last of contradicting ones wins. What is not known is a parameter of the file system.
    pub fn parse(options: &[String]) -> Self {
        let mut read = Self::default();
        options.iter().for_each(|option| read.take(option));
        read
    }

    fn take(&mut self, option: &str) {
        if let Some(found) = attribute(option) {
            self.attributes = self.attributes.then(found);
        } else if let Some(found) = option.strip_prefix('r').and_then(attribute) {
            self.recursive = self.recursive.then(found);
        } else if let Some(found) = Propagation::parse(option) {
            self.propagation.push(found);
        } else {
            self.take_other(option);
        }
    }

    fn take_other(&mut self, option: &str) {
        match option {
            "" | "defaults" => {}
            // Of the old mount call: how much the kernel says, and what file systems decide for themselves today.
            "silent" | "loud" | "iversion" | "noiversion" | "noacl" => {}
            "acl" => self.parameters.push(("posixacl".to_owned(), None)),
            "bind" => self.bind = Some(self.bind.unwrap_or(Reach::One)),
            "rbind" => self.bind = Some(Reach::Recursive),
            "tmpcopyup" => self.copy_up = true,
            "idmap" => self.idmap = Some(self.idmap.unwrap_or(Reach::One)),
            "ridmap" => self.idmap = Some(Reach::Recursive),
            "remount" => self.remount = true,
            _ => self.parameters.push(match option.split_once('=') {
                Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
                None => (option.to_owned(), None),
            }),
        }
    }
}

fn attribute(option: &str) -> Option<Attributes> {
    let (_, set, clear) = ATTRIBUTES.iter().find(|(name, ..)| *name == option)?;
    Some(Attributes { set: *set, clear: *clear })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Options {
        Options::parse(&text.split(',').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_become_attributes_propagation_and_parameters() {
        let read = parse("nosuid,noexec,ro,rslave,size=64m,mode=1777,huge");
        assert_eq!(read.attributes.set, mount::NOSUID | mount::NOEXEC | mount::RDONLY);
        assert_eq!(read.propagation, [(Propagation::Slave, true)]);
        assert_eq!(read.parameters[0], ("size".into(), Some("64m".into())));
        assert_eq!(read.parameters[2], ("huge".into(), None));
        assert_eq!(read.bind, None);
    }

    #[test]
    fn the_last_of_contradicting_options_wins() {
        let read = parse("rbind,ro,rw,rro");
        assert_eq!(read.bind, Some(Reach::Recursive));
        assert_eq!(read.attributes, Attributes { set: 0, clear: mount::RDONLY });
        assert_eq!(read.recursive, Attributes::READ_ONLY);
    }

    #[test]
    fn relatime_is_an_attribute_and_not_a_recursive_one() {
        assert!(parse("relatime").recursive.is_empty());
        assert_eq!(parse("rrelatime").recursive.clear, mount::ATIME);
    }

    #[test]
    fn what_is_mounted_already_can_be_meant() {
        let read = parse("remount,bind,ro");
        assert!(read.remount);
        assert_eq!(read.attributes, Attributes::READ_ONLY);
    }
}
