//! Buffers that are used again as soon as they come back, by whoever asks next. Each knows what it
//! should hold, and looks at it when it comes back: memory that came back too early is in two
//! hands, and one of them sees the other's bytes.

use core::cell::{Cell, RefCell};
use core::mem::MaybeUninit;
use std::rc::Rc;

use spdk_async::buf::{IoBuf, IoBufMut, SetLen};

use crate::common::BLOCK;

/// Aligned as devices like it best, so that they use the memory itself and not a copy.
#[derive(Clone, Copy)]
#[repr(C, align(512))]
struct Block([u8; BLOCK]);

const GUARD: Block = Block([0xc5; BLOCK]);

/// The buffers that are not in use.
#[derive(Default)]
pub(crate) struct Shelf {
    free: RefCell<Vec<Box<[Block]>>>,
    out: Cell<usize>,
    reused: Cell<u64>,
    violation: RefCell<Option<String>>,
}

/// A buffer of whole blocks, in use.
pub(crate) struct Borrowed {
    /// A guard, the blocks, and another guard.
    memory: Box<[Block]>,
    shelf: Rc<Shelf>,
    /// For a buffer that is written: the first block's number, and the version.
    stamp: Option<(u64, u32)>,
}

/// Each word of a block carries the block's number on the bdev, and which version of it this is.
fn word(block: u64, version: u32) -> [u8; 8] {
    (block << 32 | u64::from(version)).to_le_bytes()
}

impl Shelf {
    /// How many buffers have not come back.
    pub(crate) fn out(&self) -> usize {
        self.out.get()
    }

    /// How often a buffer was used again.
    pub(crate) fn reused(&self) -> u64 {
        self.reused.get()
    }

    /// The first thing that was wrong with a buffer.
    pub(crate) fn violation(&self) -> Option<String> {
        self.violation.borrow().clone()
    }

    /// Notes what is wrong. Not by a panic, for this may be inside of a callback.
    fn note(&self, what: String) {
        self.violation.borrow_mut().get_or_insert(what);
    }

    /// A buffer to read into, full of what no block holds.
    pub(crate) fn to_read(self: &Rc<Self>, blocks: usize) -> Borrowed {
        let mut buf = self.take(blocks, None);
        buf.bytes_mut().fill(0xee);
        buf
    }

    /// A buffer to write, stamped.
    pub(crate) fn to_write(self: &Rc<Self>, blocks: usize, first: u64, version: u32) -> Borrowed {
        let mut buf = self.take(blocks, Some((first, version)));
        for (block, bytes) in (first..).zip(buf.bytes_mut().chunks_mut(BLOCK)) {
            bytes.as_chunks_mut().0.fill(word(block, version));
        }
        buf
    }

    fn take(self: &Rc<Self>, blocks: usize, stamp: Option<(u64, u32)>) -> Borrowed {
        self.out.set(self.out.get() + 1);
        let mut free = self.free.borrow_mut();
        // The latest that came back: the one that would be missed first.
        let at = free.iter().rposition(|memory| memory.len() == blocks + 2);
        let memory = match at {
            Some(at) => {
                self.reused.set(self.reused.get() + 1);
                free.remove(at)
            }
            None => vec![GUARD; blocks + 2].into(),
        };
        Borrowed { memory, shelf: Rc::clone(self), stamp }
    }
}

impl Borrowed {
    fn bytes(&self) -> &[u8] {
        let blocks = &self.memory[1..self.memory.len() - 1];
        // SAFETY: blocks are bytes and nothing else, one behind the other.
        unsafe { core::slice::from_raw_parts(blocks.as_ptr().cast(), size_of_val(blocks)) }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        let end = self.memory.len() - 1;
        let blocks = &mut self.memory[1..end];
        let (start, len) = (blocks.as_mut_ptr().cast(), size_of_val(blocks));
        // SAFETY: as in `bytes`, and borrowed mutably for as long.
        unsafe { core::slice::from_raw_parts_mut(start, len) }
    }

    /// Looks at what was read from block `first` on: each word is of its block, or was never written.
    pub(crate) fn check_read(&self, first: u64) {
        for (block, bytes) in (first..).zip(self.bytes().chunks(BLOCK)) {
            let foreign = |word: &&[u8; 8]| {
                let word = u64::from_le_bytes(**word);
                word != 0 && word >> 32 != block
            };
            if let Some(word) = bytes.as_chunks().0.iter().find(foreign) {
                self.shelf.note(format!("block {block} was read as {word:x?}"));
            }
        }
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        let guards = [&self.memory[0], &self.memory[self.memory.len() - 1]];
        if guards.iter().any(|guard| guard.0 != GUARD.0) {
            self.shelf.note("somebody wrote beside a buffer".to_owned());
        }
        if let Some((first, version)) = self.stamp {
            for (block, bytes) in (first..).zip(self.bytes().chunks(BLOCK)) {
                if bytes.as_chunks().0.iter().any(|found| *found != word(block, version)) {
                    self.shelf.note(format!("somebody wrote to the buffer of block {block}"));
                }
            }
        }
        let memory = core::mem::take(&mut self.memory);
        self.shelf.free.borrow_mut().push(memory);
        self.shelf.out.set(self.shelf.out.get() - 1);
    }
}

impl IoBuf for Borrowed {
    fn as_init(&self) -> &[u8] {
        self.bytes()
    }
}

impl SetLen for Borrowed {
    unsafe fn set_len(&mut self, _len: usize) {}
}

impl IoBufMut for Borrowed {
    fn as_uninit(&mut self) -> &mut [MaybeUninit<u8>] {
        let bytes = self.bytes_mut();
        let (start, len) = (bytes.as_mut_ptr().cast(), bytes.len());
        // SAFETY: the same bytes, borrowed for as long; operations write initialised ones.
        unsafe { core::slice::from_raw_parts_mut(start, len) }
    }
}
