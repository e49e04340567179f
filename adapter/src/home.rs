//! The unit of single-threadedness that a pool or an executor belongs to.
//!
//! For SPDK it is the `spdk_thread`, not the OS thread that happens to run it. A home is known by a
//! token and a function that returns the token of the home that is current on this OS thread.

use core::cell::Cell;
use core::sync::atomic::{AtomicUsize, Ordering};

use crate::sync::thread_local;

/// Where records and tasks belong.
#[derive(Clone, Copy, Debug)]
pub struct Home {
    token: usize,
    current: fn() -> usize,
}

impl Home {
    /// The home that `current` names now.
    ///
    /// # Safety
    ///
    /// - Two OS threads never see the same token at the same time, except zero, which stands for
    ///   "no home".
    /// - When a token moves from one OS thread to another, everything that happened on the first
    ///   happens before anything on the second, and from then on no pool, executor or future of the
    ///   home is used or dropped on the first.
    /// - A token does not come to stand for another home as long as a pool or an executor of the
    ///   first exists.
    /// - While a pool of the home is [entered](crate::Pool::enter), and while a callback of the home runs,
    ///   the home stays current, but for what makes another one current, uses nothing of this one
    ///   meanwhile, and makes it current again.
    #[must_use]
    pub unsafe fn current(current: fn() -> usize) -> Option<Self> {
        let token = current();
        // The largest number is kept for "nobody's"; an address or a count never gets there.
        (token != 0 && token != usize::MAX).then_some(Self { token, current })
    }

    /// The calling OS thread as a home, for libraries that call back on the thread that submitted.
    #[must_use]
    pub fn os_thread() -> Self {
        // Numbers that are never given twice: an address would be, to a later thread, which would
        // then pass for the home of records that a dead one left behind.
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        thread_local! {
            static TOKEN: Cell<usize> = const { Cell::new(0) };
        }
        #[cold]
        fn number() -> usize {
            let token = NEXT.fetch_add(1, Ordering::Relaxed);
            TOKEN.with(|own| own.set(token));
            token
        }
        fn current() -> usize {
            match TOKEN.with(Cell::get) {
                0 => number(),
                token => token,
            }
        }
        Self { token: current(), current }
    }

    /// Whether the calling OS thread runs this home now.
    #[must_use]
    #[inline]
    pub fn is_current(&self) -> bool {
        (self.current)() == self.token
    }

    pub(crate) const fn function(&self) -> fn() -> usize {
        self.current
    }

    /// The token; it identifies the home among those that exist at the same time.
    #[must_use]
    pub const fn token(&self) -> usize {
        self.token
    }
}
