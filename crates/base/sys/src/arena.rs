//! An allocator for programs that live for some milliseconds.
//!
//! Giving memory back to the kernel page by page, as an allocator made for long lives does, took a seventh of the time in
//! which the runtime starts a container.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed};

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};

/// Bytes: what a start of a container under the default filter of system calls needs.
const SIZE: usize = 128 << 10;
/// The smallest page of any machine.
const PAGE: usize = 4096;

/// The system's allocator until [`Arena::begin`]; from there on a region that is used from front to back, of which only
/// the newest piece can be given back or grow in its place. What does not fit is the system's again.
pub struct Arena {
    region: AtomicPtr<u8>,
    used: AtomicUsize,
}

impl Arena {
    /// One that has no region yet.
    #[allow(clippy::new_without_default, reason = "it is made in a static")]
    pub const fn new() -> Self {
        Self { region: AtomicPtr::new(null_mut()), used: AtomicUsize::new(0) }
    }

    /// Takes the region; where there is no memory for it, all stays as it is.
    pub fn begin(&self) {
        let flags = MapFlags::PRIVATE | MapFlags::POPULATE;
        // SAFETY: a new mapping, at an address of the kernel's choice, overlaps nothing.
        let region = unsafe { mmap_anonymous(null_mut(), SIZE, ProtFlags::READ | ProtFlags::WRITE, flags) };
        if let Ok(region) = region {
            self.region.store(region.cast(), Relaxed);
        }
    }

    /// Where in the region `piece` is.
    fn offset(&self, piece: *mut u8) -> Option<usize> {
        let region = self.region.load(Relaxed);
        let offset = piece.addr().checked_sub(region.addr())?;
        (!region.is_null() && offset < SIZE).then_some(offset)
    }

    /// Makes `to` the front, if it is at `from`.
    fn advance(&self, from: usize, to: usize) -> bool {
        to <= SIZE && self.used.compare_exchange(from, to, Relaxed, Relaxed).is_ok()
    }

    /// A piece of the region, if there is room.
    fn take(&self, layout: Layout) -> Option<*mut u8> {
        let region = self.region.load(Relaxed);
        // The region begins on a page, and is no better aligned.
        if region.is_null() || layout.align() > PAGE {
            return None;
        }
        loop {
            let used = self.used.load(Relaxed);
            let start = used.next_multiple_of(layout.align());
            let end = start.checked_add(layout.size()).filter(|end| *end <= SIZE)?;
            if self.advance(used, end) {
                return Some(region.wrapping_add(start));
            }
        }
    }
}

// SAFETY: pieces of the region never overlap, for the front only moves back over the newest one when it is given back; all
// others are the system's.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        self.take(layout).unwrap_or_else(|| unsafe { System.alloc(layout) })
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        match self.offset(piece) {
            Some(offset) => {
                self.advance(offset + layout.size(), offset);
            }
            // SAFETY: it is not the region's, so it came from the system.
            None => unsafe { System.dealloc(piece, layout) },
        }
    }

    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let Some(offset) = self.offset(piece) else {
            // SAFETY: it is not the region's, so it came from the system.
            return unsafe { System.realloc(piece, layout, size) };
        };
        if size <= layout.size() || self.advance(offset + layout.size(), offset + size) {
            return piece;
        }
        // SAFETY: the caller promises a valid size for this alignment, and that the piece is as long as its layout.
        unsafe {
            let larger = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !larger.is_null() {
                larger.copy_from_nonoverlapping(piece, layout.size());
            }
            larger
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    fn begun() -> Arena {
        let arena = Arena::new();
        arena.begin();
        arena
    }

    #[test]
    fn pieces_are_apart_and_aligned_and_the_newest_grows_in_its_place() {
        let arena = begun();
        // SAFETY: every piece is used within its layout and given back with it.
        unsafe {
            let one = arena.alloc(bytes(3, 1));
            let two = arena.alloc(bytes(64, 64));
            assert!(two.addr() >= one.addr() + 3 && two.addr().is_multiple_of(64));
            two.write_bytes(7, 64);
            assert_eq!(arena.realloc(two, bytes(64, 64), 128), two);
            assert_eq!(*two.add(63), 7);
            // Something lies behind it: it moves, and takes along what it holds.
            let moved = arena.realloc(one, bytes(3, 1), 300);
            assert_ne!(moved, one);
            arena.dealloc(moved, bytes(300, 1));
            assert_eq!(arena.alloc(bytes(300, 1)), moved, "the newest piece is used again");
        }
    }

    #[test]
    fn without_a_region_or_room_in_it_memory_is_the_systems() {
        for arena in [Arena::new(), begun()] {
            // SAFETY: as above.
            unsafe {
                let large = arena.alloc(bytes(2 * SIZE, 16));
                assert!(!large.is_null() && arena.offset(large).is_none());
                large.add(2 * SIZE - 1).write(1);
                let larger = arena.realloc(large, bytes(2 * SIZE, 16), 3 * SIZE);
                assert_eq!(larger.add(2 * SIZE - 1).read(), 1);
                arena.dealloc(larger, bytes(3 * SIZE, 16));
                let wide = arena.alloc(bytes(16, 2 * PAGE));
                assert!(wide.addr().is_multiple_of(2 * PAGE));
                arena.dealloc(wide, bytes(16, 2 * PAGE));
            }
        }
    }

    #[test]
    fn what_is_given_back_and_taken_zeroed_is_zero() {
        let arena = begun();
        // SAFETY: as above.
        unsafe {
            let dirty = arena.alloc(bytes(32, 8));
            dirty.write_bytes(0xff, 32);
            arena.dealloc(dirty, bytes(32, 8));
            let clean = arena.alloc_zeroed(bytes(32, 8));
            assert_eq!((clean, *clean.cast::<[u8; 32]>()), (dirty, [0; 32]));
        }
    }
}
