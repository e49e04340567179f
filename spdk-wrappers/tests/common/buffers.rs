//! Buffers that are counted, and that notice who writes beside them.
//!
//! `LIVE` counts those that live in the process. A buffer is surrounded by guard bytes, which it
//! looks at when it is dropped: whoever wrote past its end, or to it after it was freed and used
//! again, is found there.
#![allow(dead_code, reason = "each test file uses a part of this")]

use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicUsize, Ordering};

use spdk_async::buf::{IoBuf, IoBufMut, SetLen};

static LIVE: AtomicUsize = AtomicUsize::new(0);

/// How many [`Counted`] buffers live.
pub(crate) fn live() -> usize {
    LIVE.load(Ordering::SeqCst)
}

/// How many guard bytes there are on either side.
const GUARD: usize = 64;
const GUARDED: u8 = 0xa7;

/// A buffer that is counted as long as it lives.
#[derive(Debug)]
pub(crate) struct Counted(Box<[u8]>);

impl Counted {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        LIVE.fetch_add(1, Ordering::SeqCst);
        let mut all = vec![GUARDED; GUARD + bytes.len() + GUARD];
        all[GUARD..GUARD + bytes.len()].copy_from_slice(bytes);
        Self(all.into())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0[GUARD..self.0.len() - GUARD]
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        let end = self.0.len() - GUARD;
        &mut self.0[GUARD..end]
    }

    /// Whether nobody has written beside the buffer.
    pub(crate) fn is_intact(&self) -> bool {
        let (before, rest) = self.0.split_at(GUARD);
        let (_, after) = rest.split_at(rest.len() - GUARD);
        before.iter().chain(after).all(|byte| *byte == GUARDED)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::SeqCst);
        // A panic here would be one in a callback, and end the process without these words.
        if !self.is_intact() {
            eprintln!("somebody wrote beside a buffer of {} bytes", self.bytes().len());
            std::process::abort();
        }
    }
}

impl IoBuf for Counted {
    fn as_init(&self) -> &[u8] {
        self.bytes()
    }
}

impl SetLen for Counted {
    unsafe fn set_len(&mut self, _len: usize) {}
}

impl IoBufMut for Counted {
    fn as_uninit(&mut self) -> &mut [MaybeUninit<u8>] {
        let bytes = self.bytes_mut();
        let (start, len) = (bytes.as_mut_ptr().cast(), bytes.len());
        // SAFETY: the same bytes, borrowed for as long; operations write initialised ones.
        unsafe { core::slice::from_raw_parts_mut(start, len) }
    }
}
