//! Memory that C writes to, and that tells of its end and of what C has written.

use core::fmt;

use callback_adapter::Keep;

use super::sys;
use super::trace::{Event, Trace};

/// Bytes of a payload that fits a pooled record's own room.
const SMALL: usize = 40;
/// Bytes of one that does not.
const LARGE: usize = 300;

const BLANK: u8 = 0;
const TOUCHED: u8 = 0x11;
const STAMP: u8 = 0x5c;

/// Bytes that move with the value that owns them, so that C's pointer is good only where the record
/// has put it. What they hold at the end is an event.
pub struct Mem<const N: usize> {
    bytes: [u8; N],
    trace: Trace,
    at_drop: Option<Box<dyn Fn() + Send>>,
}

impl<const N: usize> Mem<N> {
    /// Blank bytes.
    #[must_use]
    pub fn new(trace: &Trace) -> Self {
        Self { bytes: [BLANK; N], trace: trace.clone(), at_drop: None }
    }

    /// Runs `then` inside of the drop, after the event.
    #[must_use]
    pub fn at_drop(mut self, then: impl Fn() + Send + 'static) -> Self {
        self.at_drop = Some(Box::new(then));
        self
    }

    /// What a drop would say.
    #[must_use]
    pub fn content(&self) -> Event {
        match self.bytes[0] {
            first if self.bytes.iter().any(|byte| *byte != first) => Event::DroppedCorrupt,
            BLANK => Event::DroppedBlank,
            TOUCHED => Event::DroppedTouched,
            STAMP => Event::DroppedFull,
            _ => Event::DroppedCorrupt,
        }
    }
}

impl<const N: usize> Drop for Mem<N> {
    fn drop(&mut self) {
        self.trace.note(self.content());
        if let Some(then) = &self.at_drop {
            then();
        }
    }
}

impl<const N: usize> fmt::Debug for Mem<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Mem").field(&N).field(&self.content()).finish()
    }
}

// SAFETY: the pointer is to the value itself, which stays in the record until the callback.
unsafe impl<const N: usize> Keep<*mut u8> for Mem<N> {
    fn arg(&mut self) -> *mut u8 {
        self.bytes.as_mut_ptr()
    }
}

/// As [`Mem`], behind an array of two pointers into itself, as a vectored I/O has.
#[derive(Debug)]
pub(super) struct VecMem<const N: usize> {
    mem: Mem<N>,
    vecs: [sys::hostile_vec; 2],
}

// SAFETY: the pointers are to the value itself, and nobody follows them but C.
unsafe impl<const N: usize> Send for VecMem<N> {}

impl<const N: usize> From<Mem<N>> for VecMem<N> {
    fn from(mem: Mem<N>) -> Self {
        let nowhere = sys::hostile_vec { mem: core::ptr::null_mut(), len: 0 };
        Self { mem, vecs: [nowhere; 2] }
    }
}

// SAFETY: the array and what it points to are the value itself, which stays in the record until the
// callback.
unsafe impl<const N: usize> Keep<*mut sys::hostile_vec> for VecMem<N> {
    fn arg(&mut self) -> *mut sys::hostile_vec {
        let base = self.mem.arg();
        let half = N / 2;
        self.vecs = [
            sys::hostile_vec { mem: base, len: half },
            sys::hostile_vec { mem: base.wrapping_add(half), len: N - half },
        ];
        self.vecs.as_mut_ptr()
    }
}

/// What a call of the table keeps.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "the payload moves with its owner, on purpose")]
pub enum Load {
    /// Nothing: the shape has no kept argument.
    Empty,
    /// What fits a record.
    Small(Mem<SMALL>),
    /// What does not.
    Large(Mem<LARGE>),
}

impl Load {
    /// What a drop would say; `None` if there is nothing.
    #[must_use]
    pub fn content(&self) -> Option<Event> {
        match self {
            Self::Empty => None,
            Self::Small(mem) => Some(mem.content()),
            Self::Large(mem) => Some(mem.content()),
        }
    }
}

impl From<Mem<SMALL>> for Load {
    fn from(mem: Mem<SMALL>) -> Self {
        Self::Small(mem)
    }
}

impl From<Mem<LARGE>> for Load {
    fn from(mem: Mem<LARGE>) -> Self {
        Self::Large(mem)
    }
}

impl<const N: usize> From<VecMem<N>> for Load
where
    Self: From<Mem<N>>,
{
    fn from(vec: VecMem<N>) -> Self {
        vec.mem.into()
    }
}
