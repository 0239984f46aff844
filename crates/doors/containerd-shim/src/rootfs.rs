//! The mounts that make a container's root file system, as a snapshotter describes them.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use knarr_model::Snapshot;
use knarr_mounts::{Attributes, Options, Reach, Root, attach, clone_tree, filesystem, set_attributes, set_propagation};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;

use crate::messages::Mount;
use crate::{Error, Result};

/// Mounts in order at `target`; after an error nothing stays mounted.
pub fn mount(mounts: &[Mount], target: &Path) -> Result<()> {
    mounts.iter().try_for_each(|mount| one(mount, target)).inspect_err(|_| {
        // The first error is the one to report.
        let _some_were_not_mounted = unmount(target);
    })
}

/// Takes away whatever is mounted at `target`, once or several times over.
pub fn unmount(target: &Path) -> Result<()> {
    loop {
        match knarr_mounts::detach(target) {
            Ok(()) => {}
            Err(error) if matches!(error.errno(), Some(Errno::INVAL | Errno::NOENT)) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

fn one(mount: &Mount, target: &Path) -> Result<()> {
    let options = Options::parse(&mount.options);
    if options.idmap.is_some() || options.copy_up || options.remount {
        return Err(Error::Unsupported(format!(
            "a root file system with the options {:?} is not supported",
            mount.options
        )));
    }
    let made = match (mount.kind.as_str(), options.bind) {
        ("overlay", _) => knarr_mounts::overlay(&layers(&options)?)?,
        ("bind", bind) => clone_tree(CWD, Path::new(&mount.source), bind == Some(Reach::Recursive))?,
        (_, Some(bind)) => clone_tree(CWD, Path::new(&mount.source), bind == Reach::Recursive)?,
        (kind, None) => filesystem(kind, &mount.source, &options.parameters)?,
    };
    set(&made, options.attributes, false)?;
    set(&made, options.recursive, true)?;
    for (propagation, recursive) in options.propagation {
        set_propagation(made.as_fd(), propagation, recursive)?;
    }
    Ok(attach(made, place(target, &mount.target)?)?)
}

fn set(mount: &OwnedFd, attributes: Attributes, recursive: bool) -> Result<()> {
    if attributes.is_empty() { Ok(()) } else { Ok(set_attributes(mount.as_fd(), attributes, recursive)?) }
}

/// The place of a mount: the root, or a folder inside what is mounted there already.
fn place(target: &Path, inside: &str) -> Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = rustix::fs::open(target, flags, Mode::empty());
    let root = root.map_err(|e| Error::io("open", target.display().to_string(), e))?;
    match inside.trim_start_matches('/') {
        "" => Ok(root),
        inside => Ok(Root::new(root).open(Path::new(inside))?),
    }
}

/// An overlay's layers. What would change the form of the upper folder is refused: `diff` and other engines read it.
fn layers(options: &Options) -> Result<Snapshot> {
    let (mut lowers, mut upper, mut work) = (Vec::new(), None, None);
    for (key, value) in &options.parameters {
        match (key.as_str(), value.as_deref()) {
            ("lowerdir", Some(list)) => lowers = list.split(':').map(PathBuf::from).collect(),
            ("upperdir", Some(folder)) => upper = Some(PathBuf::from(folder)),
            ("workdir", Some(folder)) => work = Some(PathBuf::from(folder)),
            ("index" | "metacopy" | "redirect_dir" | "xino", Some("off")) => {}
            (key, _) => return Err(Error::Unsupported(format!("the overlay option {key:?} is not supported"))),
        }
    }
    match (upper, work) {
        (None, None) => Ok(Snapshot { lowers, upper: None }),
        (Some(upper), Some(work)) => Ok(Snapshot { lowers, upper: Some((upper, work)) }),
        _ => Err(Error::Invalid("an overlay needs upperdir and workdir, or none of them".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Snapshot> {
        layers(&Options::parse(&text.split(',').map(str::to_owned).collect::<Vec<_>>()))
    }

    #[test]
    fn the_layers_of_an_overlay() {
        let found = read("index=off,workdir=/s/3/work,upperdir=/s/3/fs,lowerdir=/s/2/fs:/s/1/fs").unwrap();
        assert_eq!(found.lowers, [Path::new("/s/2/fs"), Path::new("/s/1/fs")]);
        assert_eq!(found.upper, Some(("/s/3/fs".into(), "/s/3/work".into())));
        assert_eq!(read("ro,lowerdir=/s/2/fs:/s/1/fs").unwrap().upper, None);
    }

    #[test]
    fn what_would_change_the_upper_folder_is_refused() {
        for bad in ["lowerdir=/a,upperdir=/b", "lowerdir=/a,metacopy=on", "lowerdir=/a,volatile"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
