//! A small disk that a test can fill.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

/// An ext4 file system in a file, mounted by a loop device that goes with the mount.
pub struct Disk {
    folder: TempDir,
}

impl Disk {
    /// Makes and mounts one of so many MiB.
    pub fn new(mebibytes: u32) -> Result<Self> {
        let disk = Self { folder: tempfile::Builder::new().prefix("knarr-e2e-disk-").tempdir()? };
        std::fs::File::create(disk.image())?.set_len(u64::from(mebibytes) << 20)?;
        std::fs::create_dir(disk.path())?;
        // Nothing is kept for root: full is full.
        run(Command::new("mkfs.ext4").args(["-q", "-F", "-m", "0"]).arg(disk.image()))?;
        disk.mount()?;
        Ok(disk)
    }

    /// Where it is mounted.
    pub fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("disk")
    }

    /// Takes what is free but so many KiB.
    pub fn fill_but(&self, kibibytes: u64) -> Result<()> {
        let mut file = std::fs::File::options().create(true).append(true).open(self.ballast())?;
        // What the file system kept back for the blocks that it had not placed yet is free again after each round.
        loop {
            let free = free(&self.path())?.saturating_sub(kibibytes << 10);
            let taken = take(&mut file, free)?;
            sync(&file)?;
            if taken == 0 {
                return Ok(());
            }
        }
    }

    /// Gives back what [`Disk::fill_but`] took.
    pub fn free(&self) -> Result<()> {
        Ok(std::fs::remove_file(self.ballast())?)
    }

    /// Loses what was not written to it yet, as a power cut does; all work on it fails from now on.
    pub fn cut_power(&self) -> Result<()> {
        Ok(knarr_sys::ext4::cut_power(std::fs::File::open(self.path())?)?)
    }

    /// Mounts it again after [`Disk::cut_power`]. Nobody may use it.
    pub fn restore_power(&self) -> Result<()> {
        run(Command::new("umount").arg(self.path()))?;
        // A copy, because a mount namespace of somebody else may hold the old one, and a mount would find it shut down still.
        let copy = self.folder.path().join("copy");
        run(Command::new("cp").arg("--sparse=always").arg(self.image()).arg(&copy))?;
        std::fs::rename(copy, self.image())?;
        self.mount()
    }

    fn image(&self) -> std::path::PathBuf {
        self.folder.path().join("image")
    }

    fn mount(&self) -> Result<()> {
        run(Command::new("mount").args(["-o", "loop"]).arg(self.image()).arg(self.path()))
    }

    fn ballast(&self) -> std::path::PathBuf {
        self.path().join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = run(Command::new("umount").arg(self.path()));
        if unmounted.is_err() {
            // Of a test that failed: whoever still uses it keeps it until then.
            let _ = run(Command::new("umount").arg("--lazy").arg(self.path()));
        }
        assert!(unmounted.is_ok() || std::thread::panicking(), "the disk is still in use: {unmounted:?}");
    }
}

/// Writes so many bytes; how many there was room for.
fn take(file: &mut std::fs::File, bytes: u64) -> Result<u64> {
    let block = vec![0xa5; 1 << 20];
    let mut taken = 0;
    while taken < bytes {
        let some = usize::try_from((bytes - taken).min(1 << 20))?;
        match std::io::Write::write(file, &block[..some]) {
            Err(full) if full.kind() == std::io::ErrorKind::StorageFull => break,
            written => taken += written.context("cannot fill the disk")? as u64,
        }
    }
    Ok(taken)
}

fn sync(file: &std::fs::File) -> Result<()> {
    file.sync_all().or_else(|error| match error.kind() {
        std::io::ErrorKind::StorageFull => Ok(()),
        _ => Err(error.into()),
    })
}

fn free(path: &Path) -> Result<u64> {
    let about = rustix::fs::statvfs(path)?;
    Ok(about.f_bavail * about.f_frsize)
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
