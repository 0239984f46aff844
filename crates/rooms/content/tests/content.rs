//! The life of a blob: ingest, resume, verify, commit, collect.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use knarr_content::Content;
use knarr_model::ports::Content as _;
use knarr_model::{Digest, Kind};

fn fresh() -> (tempfile::TempDir, Content) {
    let root = tempfile::tempdir().unwrap();
    let content = Content::open(root.path()).unwrap();
    (root, content)
}

fn count(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[test]
fn what_is_committed_is_read_back() {
    let (root, content) = fresh();
    let digest = Digest::of(b"hello");
    let mut ingest = content.ingest("k").unwrap();
    ingest.write(b"hel").unwrap();
    ingest.write(b"lo").unwrap();
    assert_eq!(content.size(&digest).unwrap(), None, "invisible before the commit");
    assert_eq!(ingest.commit(Some(&digest), Some(5)).unwrap(), digest);
    assert_eq!(content.read(&digest, 5).unwrap(), b"hello");
    assert_eq!(content.list().unwrap(), [(digest.clone(), 5)]);
    assert_eq!(count(&root.path().join("ingest")), 0);
    assert_eq!(content.read(&digest, 4).unwrap_err().kind(), Kind::TooLarge);
    assert!(content.delete(&digest).unwrap() && !content.delete(&digest).unwrap());
    assert_eq!(content.open(&digest).unwrap_err().kind(), Kind::NotFound);
}

#[test]
fn a_cut_ingest_is_taken_up_again() {
    let (root, content) = fresh();
    let mut ingest = content.ingest("k").unwrap();
    ingest.write(b"hel").unwrap();
    drop(ingest);
    let content = Content::open(root.path()).unwrap();
    let mut ingest = content.ingest("k").unwrap();
    assert_eq!(ingest.offset(), 3);
    ingest.write(b"lo").unwrap();
    assert_eq!(ingest.commit(Some(&Digest::of(b"hello")), None).unwrap(), Digest::of(b"hello"));
}

#[test]
fn a_key_has_one_writer() {
    let (_root, content) = fresh();
    let first = content.ingest("k").unwrap();
    assert_eq!(content.ingest("k").err().unwrap().kind(), Kind::Conflict);
    drop(first);
    content.ingest("k").unwrap().abort().unwrap();
}

#[test]
fn a_mismatch_leaves_nothing() {
    let (root, content) = fresh();
    for (expected, size) in [(Digest::of(b"other"), None), (Digest::of(b"hello"), Some(4))] {
        let mut ingest = content.ingest("k").unwrap();
        ingest.write(b"hello").unwrap();
        assert_eq!(ingest.commit(Some(&expected), size).unwrap_err().kind(), Kind::Invalid);
        assert_eq!(count(&root.path().join("ingest")), 0);
        assert!(content.list().unwrap().is_empty());
    }
}

#[test]
fn a_second_commit_of_the_same_bytes_succeeds() {
    let (_root, content) = fresh();
    let digest = content.put(b"hello").unwrap();
    let mut ingest = content.ingest("again").unwrap();
    ingest.write(b"hello").unwrap();
    assert_eq!(ingest.commit(Some(&digest), Some(5)).unwrap(), digest);
}

#[test]
fn a_changed_blob_is_found_and_moved_away() {
    let (root, content) = fresh();
    let digest = content.put(b"hello").unwrap();
    fs::write(content.path(&digest), b"jello").unwrap();
    assert!(content.read(&digest, 100).unwrap_err().full().contains("corrupt"));
    assert_eq!(content.size(&digest).unwrap(), None);
    assert!(root.path().join("quarantine").join(digest.hex()).exists());
    content.put(b"hello").unwrap();
    assert_eq!(content.read(&digest, 100).unwrap(), b"hello");
}

#[test]
fn collection_keeps_roots_and_leased_work() {
    let (_root, content) = fresh();
    let root = content.put(b"root").unwrap();
    let old = content.put(b"old").unwrap();
    let wanted = content.put(b"wanted").unwrap();
    let lease = content.lease();
    let fresh = content.put(b"fresh").unwrap();
    lease.protect(&wanted);
    let roots = || Ok(HashSet::from([root.clone()]));
    let all = || content.list().unwrap().into_iter().map(|(digest, _)| digest).collect();
    assert_eq!(content.collect(&HashSet::from([root.clone()]), roots).unwrap().blobs, 0, "only candidates go");
    assert_eq!(content.collect(&all(), roots).unwrap().blobs, 1);
    assert_eq!(content.size(&old).unwrap(), None);
    for kept in [&root, &wanted, &fresh] {
        assert!(content.size(kept).unwrap().is_some());
    }
    drop(lease);
    assert_eq!(content.collect(&all(), roots).unwrap().bytes, 11);
}

#[test]
fn what_failed_work_made_is_a_candidate_when_nobody_works_any_more() {
    let (_root, content) = fresh();
    let (failing, other) = (content.lease(), content.lease());
    let made = content.put(b"made").unwrap();
    failing.fail();
    assert!(content.doubtful().is_empty(), "others may count on it");
    drop(other);
    assert_eq!(content.doubtful(), [made].into());
    assert!(content.doubtful().is_empty());
    drop(content.lease());
    assert!(content.doubtful().is_empty(), "work that did not fail leaves no doubt");
}

/// The work ends, recorded, between the collector's question and its removals.
#[test]
fn what_is_recorded_while_a_collection_goes_on_stays() {
    let (_root, content) = fresh();
    let lease = content.lease();
    let made = content.put(b"made").unwrap();
    let asked_too_early = || {
        drop(lease);
        Ok(HashSet::new())
    };
    assert_eq!(content.collect(&[made.clone()].into(), asked_too_early).unwrap().blobs, 0);
    assert!(content.size(&made).unwrap().is_some());
}

#[test]
fn stale_ingests_go_at_the_next_start() {
    let (root, content) = fresh();
    for key in ["old", "young"] {
        content.ingest(key).unwrap().write(b"x").unwrap();
    }
    let folder = root.path().join("ingest").join(Digest::of(b"old").hex());
    let day_before_yesterday = std::time::SystemTime::now() - knarr_content::STALE * 2;
    fs::File::options().write(true).open(folder.join("data")).unwrap().set_modified(day_before_yesterday).unwrap();
    let content = Content::open(root.path()).unwrap();
    assert_eq!(count(&root.path().join("ingest")), 1);
    assert_eq!(content.ingest("young").unwrap().offset(), 1);
}

/// A tmpfs of 64 KiB is filled: the fault says so, and the partial content is gone.
#[test]
fn a_full_disk_is_said_and_leaves_nothing() {
    use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
    let root = tempfile::tempdir().unwrap();
    mount("tmpfs", root.path(), "tmpfs", MountFlags::empty(), Some(c"size=64k")).unwrap();
    let content = Content::open(root.path()).unwrap();
    let mut ingest = content.ingest("big").unwrap();
    let failed = ingest.write(&[7; 100 << 10]).unwrap_err();
    drop(ingest);
    let left = count(&root.path().join("ingest"));
    let usable = content.put(b"small").is_ok();
    unmount(root.path(), UnmountFlags::DETACH).unwrap();
    assert_eq!(failed.kind(), Kind::NoSpace);
    assert_eq!((left, usable), (0, true));
}

#[test]
fn what_is_begun_is_never_taken_up_by_another_writer() {
    let (root, content) = fresh();
    let digest = Digest::of(b"hello");
    let mut cut = content.begin("hello").unwrap();
    cut.write(b"hel").unwrap();
    // As a crash leaves it: the writer is never dropped.
    std::mem::forget(cut);
    let mut again = content.begin("hello").unwrap();
    assert_eq!(again.offset(), 0);
    again.write(b"hello").unwrap();
    assert_eq!(again.commit(None, None).unwrap(), digest);
    let content = Content::open(root.path()).unwrap();
    assert_eq!(count(&root.path().join("ingest")), 0, "the next start removes it");
    let mut after = content.begin("hello").unwrap();
    after.write(b"hel").unwrap();
    drop(after);
    assert_eq!(count(&root.path().join("ingest")), 0, "nothing stays of what was not committed");
}

#[test]
fn verified_bytes_replace_a_blob_that_has_changed_on_the_disk() {
    let (_root, content) = fresh();
    let digest = content.put(b"hello").unwrap();
    let path = content.path(&digest);
    fs::remove_file(&path).unwrap();
    fs::write(&path, b"hexxo").unwrap();
    let mut ingest = content.ingest("again").unwrap();
    ingest.write(b"hello").unwrap();
    ingest.commit(Some(&digest), Some(5)).unwrap();
    assert_eq!(content.read(&digest, 5).unwrap(), b"hello");
}
