//! A full disk costs what cannot be written, and nothing else.

use std::fs;
use std::path::Path;

use knarr_model::{Fault, Kind};
use knarr_store::{Store, StoreError};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

/// A tmpfs of so many KiB, gone with its value.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new(kib: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = std::ffi::CString::new(format!("size={kib}k")).unwrap();
        mount("tmpfs", folder.path(), "tmpfs", MountFlags::empty(), Some(options.as_c_str())).unwrap();
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes all that is left.
    fn fill(&self) {
        let filled = fs::write(self.path().join("fill"), vec![1; 64 << 20]);
        assert_eq!(filled.unwrap_err().kind(), std::io::ErrorKind::StorageFull);
    }

    fn free(&self) {
        fs::remove_file(self.path().join("fill")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        unmount(self.path(), UnmountFlags::DETACH).unwrap();
    }
}

fn put(store: &Store, key: &str, value: &str) -> Result<(), StoreError> {
    store.write(|tx| tx.put("t", key, &value))
}

fn count(store: &Store) -> usize {
    store.read(|tx| tx.list::<String>("t")).unwrap().len()
}

#[test]
fn on_a_full_disk_records_are_still_changed_and_removed() {
    let disk = Disk::new(8 << 10);
    let store = Store::open(&disk.path().join("meta.db")).unwrap();
    for n in 0..50 {
        put(&store, &n.to_string(), "small").unwrap();
    }
    disk.fill();
    let large = "x".repeat(10_000);
    // Until what was kept for the database is used up by half.
    let refused = (100..1000).find_map(|n| put(&store, &n.to_string(), &large).err()).expect("it goes on for ever");
    assert!(matches!(refused, StoreError::Full { .. }), "{refused:?}");
    assert_eq!(Fault::from(refused).kind(), Kind::NoSpace);
    let before = count(&store);
    for n in 0..25 {
        put(&store, &n.to_string(), "other").unwrap();
        assert!(store.write(|tx| tx.delete("t", &(n + 25).to_string())).unwrap());
    }
    assert_eq!(count(&store), before - 25);
    disk.free();
    put(&store, "new", &large).unwrap();
    drop(store);
    let store = Store::open(&disk.path().join("meta.db")).unwrap();
    assert_eq!(store.read(|tx| tx.get::<String>("t", "0")).unwrap().as_deref(), Some("other"));
    assert_eq!(count(&store), before - 24);
}

#[test]
fn a_failed_write_costs_only_itself() {
    let disk = Disk::new(16 << 10);
    fs::write(disk.path().join("fill"), vec![1; 12 << 20]).unwrap();
    let store = Store::open(&disk.path().join("meta.db")).unwrap();
    put(&store, "a", "before").unwrap();
    // More than what is kept for the database: redb meets the end of the disk in the middle.
    let failed = put(&store, "b", &"x".repeat(4 << 20)).unwrap_err();
    assert_eq!(Fault::from(failed).kind(), Kind::NoSpace);
    assert_eq!(store.read(|tx| tx.get::<String>("t", "a")).unwrap().as_deref(), Some("before"));
    disk.free();
    put(&store, "a", "after").unwrap();
    assert_eq!(store.read(|tx| tx.list::<String>("t")).unwrap(), [("a".to_owned(), "after".to_owned())]);
}
