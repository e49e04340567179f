//! What every lane does: so many operations, so many at once, at random offsets.

use core::cell::Cell;
use core::future::Future;
use std::rc::Rc;

use spdk_async::{DmaBuf, Result, spawn_local};

use crate::options::Op;

/// One combination of parameters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) op: Op,
    /// Bytes of an operation.
    pub(crate) size: usize,
    /// Operations in flight.
    pub(crate) depth: usize,
}

impl Shape {
    /// The buffers of each operation in flight.
    pub(crate) fn buffers(self) -> Result<Vec<Vec<DmaBuf>>> {
        let (pieces, len) = match self.op {
            Op::Read | Op::Write => (1, self.size),
            Op::Readv => (2, self.size / 2),
        };
        let one = || (0..pieces).map(|_| DmaBuf::zeroed(len, 4096)).collect();
        (0..self.depth).map(|_| one()).collect()
    }
}

/// The operations of a round, handed out one by one.
pub(crate) struct Operations {
    left: Cell<u64>,
    seed: Cell<u64>,
    size: u64,
    places: u64,
}

impl Operations {
    pub(crate) fn new(count: u64, shape: Shape, len: u64) -> Rc<Self> {
        let size = shape.size as u64;
        Rc::new(Self {
            left: Cell::new(count),
            seed: Cell::new(0x9e37_79b9_7f4a_7c15),
            size,
            places: len / size,
        })
    }

    /// How many have not been handed out.
    pub(crate) fn left(&self) -> u64 {
        self.left.get()
    }

    /// The offset of the next operation, in bytes; the same sequence in every round.
    #[inline]
    pub(crate) fn next(&self) -> Option<u64> {
        let left = self.left.get().checked_sub(1)?;
        self.left.set(left);
        let mut seed = self.seed.get();
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        self.seed.set(seed);
        // The high half of a product is uniform enough and needs no division.
        let place = (u128::from(seed) * u128::from(self.places)) >> 64;
        Some(place as u64 * self.size)
    }
}

/// Runs a task for each element and awaits them all.
pub(crate) async fn tasks<T, F>(each: Vec<T>, task: impl Fn(T) -> F)
where
    F: Future<Output = ()> + 'static,
{
    let handles: Vec<_> = each.into_iter().map(|one| spawn_local(task(one))).collect();
    for handle in handles {
        handle.await.expect("a task of the benchmark ends by itself");
    }
}
