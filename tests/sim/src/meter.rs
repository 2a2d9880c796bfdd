//! How many bytes the server holds: what its code allocated and nobody freed, on this thread.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static IS_INSIDE: Cell<bool> = const { Cell::new(false) };
    static HELD: Cell<i64> = const { Cell::new(0) };
}

/// An allocator that counts what is allocated while the server's code runs. Where a program does not use it, nothing is counted.
pub struct Counting;

/// Room before each allocation for the mark that says whose it is, in bytes.
const HEAD_BYTES: usize = 16;

/// Runs the server's code.
pub(crate) fn measure<T>(run: impl FnOnce() -> T) -> T {
    let before = IS_INSIDE.replace(true);
    let result = run();
    IS_INSIDE.set(before);
    result
}

/// Bytes that the server's code allocated and that nobody freed, by whoever holds them now.
pub(crate) fn held_bytes() -> usize {
    HELD.get().max(0) as usize
}

/// Begins to count anew.
pub(crate) fn forget() {
    IS_INSIDE.set(false);
    HELD.set(0);
}

/// The whole allocation, and where what was asked for begins in it.
fn outer(layout: Layout) -> Option<(Layout, usize)> {
    let head_bytes = HEAD_BYTES.max(layout.align());
    let size = layout.size().checked_add(head_bytes)?;
    Some((Layout::from_size_align(size, head_bytes).ok()?, head_bytes))
}

// SAFETY: each allocation is one of the system's, larger by a head that is a multiple of its alignment. The pointer handed out lies
// that far behind its begin, so it is aligned and has the asked size behind it; the mark is written into and read from the head's
// last eight bytes, which nobody else touches. Counting touches thread-local integers without a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some((whole, head_bytes)) = outer(layout) else { return std::ptr::null_mut() };
        // SAFETY: the size is not zero, for it has a head.
        let begin = unsafe { System.alloc(whole) };
        if begin.is_null() {
            return begin;
        }
        let is_inside = IS_INSIDE.get();
        if is_inside {
            HELD.set(HELD.get() + layout.size() as i64);
        }
        // SAFETY: the head is inside the allocation, and aligned to 16 bytes at least.
        unsafe {
            begin.add(head_bytes - 8).cast::<u64>().write(is_inside.into());
            begin.add(head_bytes)
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let Some((whole, head_bytes)) = outer(layout) else { return };
        // SAFETY: the pointer came from `alloc` with this layout, so its head is before it.
        unsafe {
            if pointer.sub(8).cast::<u64>().read() == 1 {
                HELD.set(HELD.get() - layout.size() as i64);
            }
            System.dealloc(pointer.sub(head_bytes), whole);
        }
    }
}
