//! Volumes on a real disk. Needs root, for owners and devices.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::Arc;

use knarr_model::{Fault, Kind};
use knarr_store::Store;
use knarr_sys::path::Root;
use knarr_volumes::{NewVolume, Volume, VolumeError, Volumes};

struct Place {
    dir: tempfile::TempDir,
    store: Arc<Store>,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&dir.path().join("meta.db")).unwrap());
        fs::create_dir_all(dir.path().join("volumes")).unwrap();
        fs::create_dir_all(dir.path().join("image")).unwrap();
        Self { dir, store }
    }

    fn open(&self) -> Volumes {
        Volumes::open(&self.dir.path().join("volumes"), Arc::clone(&self.store)).unwrap()
    }

    fn image(&self) -> std::path::PathBuf {
        self.dir.path().join("image")
    }

    fn fill(&self, volumes: &Volumes, volume: &Volume, path: &str) {
        volumes.fill(volume, &Root::open(&self.image()).unwrap(), Path::new(path)).unwrap();
    }
}

fn named(name: &str) -> NewVolume {
    NewVolume { name: name.to_owned(), ..Default::default() }
}

#[test]
fn a_volume_is_kept_and_removed() {
    let place = Place::new();
    let volumes = place.open();
    let (made, new) = volumes.create(named("data")).unwrap();
    assert!(new);
    assert_eq!(volumes.create(named("data")).unwrap(), (made.clone(), false));
    fs::write(volumes.path(&made).unwrap().join("file"), "kept").unwrap();
    assert!(volumes.size(&made).unwrap() >= 4);
    drop(volumes);
    let volumes = place.open();
    assert_eq!(volumes.list().unwrap(), std::slice::from_ref(&made));
    assert_eq!(fs::read(volumes.mountpoint("data").join("file")).unwrap(), b"kept");
    let fault = Fault::from(volumes.remove("data", &["ab12".to_owned()]).unwrap_err());
    assert_eq!((fault.kind(), fault.message()), (Kind::Conflict, "remove data: volume is in use - [ab12]"));
    volumes.remove("data", &[]).unwrap();
    assert!(!place.dir.path().join("volumes/data").exists());
    let fault = Fault::from(volumes.remove("data", &[]).unwrap_err());
    assert_eq!((fault.kind(), fault.message()), (Kind::NotFound, "get data: no such volume"));
}

#[test]
fn a_folder_without_a_record_goes_at_the_next_start() {
    let place = Place::new();
    let left = place.dir.path().join("volumes/half/_data");
    fs::create_dir_all(&left).unwrap();
    place.open();
    assert!(!left.exists());
}

#[test]
fn the_first_use_copies_the_images_files_with_all_their_attributes() {
    let place = Place::new();
    let seed = place.image().join("seed");
    fs::create_dir_all(seed.join("deep")).unwrap();
    fs::write(seed.join("deep/file"), "content").unwrap();
    fs::hard_link(seed.join("deep/file"), seed.join("same")).unwrap();
    symlink("/etc/passwd", seed.join("link")).unwrap();
    rustix::fs::setxattr(seed.join("deep"), "user.mark", b"x", rustix::fs::XattrFlags::empty()).unwrap();
    std::os::unix::fs::chown(seed.join("deep/file"), Some(12), Some(34)).unwrap();
    fs::set_permissions(seed.join("deep/file"), fs::Permissions::from_mode(0o4750)).unwrap();
    std::os::unix::fs::chown(&seed, Some(7), Some(8)).unwrap();
    let volumes = place.open();
    let (volume, _) = volumes.create(named("data")).unwrap();
    place.fill(&volumes, &volume, "/seed");
    let data = volumes.mountpoint("data");
    let (file, same) = (fs::metadata(data.join("deep/file")).unwrap(), fs::metadata(data.join("same")).unwrap());
    assert_eq!((file.uid(), file.gid(), file.mode() & 0o7777, file.ino()), (12, 34, 0o4750, same.ino()));
    let original = fs::metadata(seed.join("deep/file")).unwrap();
    assert_eq!((file.mtime(), file.mtime_nsec()), (original.mtime(), original.mtime_nsec()));
    assert_eq!(fs::read_link(data.join("link")).unwrap(), Path::new("/etc/passwd"));
    assert_eq!(fs::metadata(&data).unwrap().uid(), 7);
    let mut value = [0; 1];
    rustix::fs::getxattr(data.join("deep"), "user.mark", &mut value[..]).unwrap();
    assert_eq!(&value, b"x");
    fs::write(data.join("same"), "changed").unwrap();
    place.fill(&volumes, &volume, "/seed");
    assert_eq!(fs::read(data.join("deep/file")).unwrap(), b"changed", "filled a second time");
}

#[test]
fn a_filling_that_was_cut_off_is_done_again() {
    let place = Place::new();
    fs::create_dir_all(place.image().join("seed")).unwrap();
    fs::write(place.image().join("seed/whole"), "whole").unwrap();
    let volumes = place.open();
    let (volume, _) = volumes.create(named("data")).unwrap();
    let data = volumes.mountpoint("data");
    fs::write(data.join("half"), "half").unwrap();
    fs::write(data.parent().unwrap().join("filling"), "").unwrap();
    place.fill(&volumes, &volume, "/seed");
    assert!(!data.join("half").exists());
    assert_eq!(fs::read(data.join("whole")).unwrap(), b"whole");
    assert!(!data.parent().unwrap().join("filling").exists());
}

#[test]
fn the_images_symlinks_do_not_lead_to_the_host() {
    let place = Place::new();
    let secret = place.dir.path().join("secret");
    fs::create_dir(&secret).unwrap();
    fs::write(secret.join("canary"), "canary").unwrap();
    symlink(&secret, place.image().join("absolute")).unwrap();
    symlink("../secret", place.image().join("relative")).unwrap();
    fs::write(place.image().join("file"), "").unwrap();
    let volumes = place.open();
    for path in ["/absolute", "/relative", "/../secret", "/none", "/file"] {
        let (volume, _) = volumes.create(NewVolume::default()).unwrap();
        place.fill(&volumes, &volume, path);
        assert_eq!(fs::read_dir(volumes.mountpoint(&volume.name)).unwrap().count(), 0, "{path}");
    }
}

#[test]
fn a_view_of_a_host_folder_is_never_filled_or_removed() {
    let place = Place::new();
    let folder = place.dir.path().join("srv");
    fs::create_dir(&folder).unwrap();
    fs::create_dir_all(place.image().join("seed/x")).unwrap();
    let device = folder.to_str().unwrap().to_owned();
    let options = [("type", "none".to_owned()), ("o", "bind".to_owned()), ("device", device)];
    let options: std::collections::BTreeMap<_, _> = options.map(|(key, value)| (key.to_owned(), value)).into();
    let volumes = place.open();
    let (volume, _) = volumes.create(NewVolume { options, ..named("view") }).unwrap();
    assert_eq!(volumes.path(&volume).unwrap(), folder);
    place.fill(&volumes, &volume, "/seed");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    let other = NewVolume { options: [("o".to_owned(), "bind".to_owned())].into(), ..named("view") };
    assert!(matches!(volumes.create(other), Err(VolumeError::Options { .. })));
    volumes.remove("view", &[]).unwrap();
    assert!(folder.exists());
}
