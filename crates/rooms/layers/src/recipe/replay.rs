//! Writing the archive again.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use knarr_sys::path::Root;
use rustix::fs::{Mode, OFlags};

use super::{BYTES, CONTENT, FILE, MOST};

/// Bytes copied at a time; no record of bytes is longer.
const BUFFER: usize = 2 * MOST;

/// Writes the archive of the layer whose folder this is.
pub(crate) fn replay(folder: &Path, out: &mut impl Write) -> io::Result<()> {
    let root = Root::open(&folder.join("fs"))?;
    let mut recipe = BufReader::new(zstd::stream::read::Decoder::new(File::open(folder.join(FILE))?)?);
    let mut buffer = vec![0; BUFFER];
    let mut tag = [0];
    while recipe.read(&mut tag)? == 1 {
        match tag[0] {
            BYTES => bytes(&mut recipe, &mut buffer, out)?,
            CONTENT => content(&root, &mut recipe, &mut buffer, out)?,
            _ => return Err(malformed()),
        }
    }
    Ok(())
}

fn bytes(recipe: &mut impl Read, buffer: &mut [u8], out: &mut impl Write) -> io::Result<()> {
    let length = u32::from_le_bytes(array(recipe)?) as usize;
    let bytes = buffer.get_mut(..length).ok_or_else(malformed)?;
    recipe.read_exact(bytes)?;
    out.write_all(bytes)
}

fn content(root: &Root, recipe: &mut impl Read, buffer: &mut [u8], out: &mut impl Write) -> io::Result<()> {
    let mut path = vec![0; usize::from(u16::from_le_bytes(array(recipe)?))];
    recipe.read_exact(&mut path)?;
    let size = u64::from_le_bytes(array(recipe)?);
    let path = PathBuf::from(std::ffi::OsString::from_vec(path));
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let named = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", path.display()));
    let mut file = File::from(root.open_at(&path, flags, Mode::empty()).map_err(named)?);
    let mut left = size;
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        file.read_exact(&mut buffer[..most]).map_err(named)?;
        out.write_all(&buffer[..most])?;
        left -= most as u64;
    }
    Ok(())
}

fn array<const N: usize>(recipe: &mut impl Read) -> io::Result<[u8; N]> {
    let mut array = [0; N];
    recipe.read_exact(&mut array).map(|()| array)
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the layer's archive.zst is malformed")
}
