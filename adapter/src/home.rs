//! The unit of single-threadedness that a pool or an executor belongs to.
//!
//! For SPDK it is the `spdk_thread`, not the OS thread that happens to run it. A home is known by a
//! token and a function that returns the token of the home that is current on this OS thread.

use core::cell::Cell;

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
    ///   happens before anything on the second.
    #[must_use]
    pub unsafe fn current(current: fn() -> usize) -> Option<Self> {
        let token = current();
        (token != 0).then_some(Self { token, current })
    }

    /// The calling OS thread as a home, for libraries that call back on the thread that submitted.
    #[must_use]
    pub fn os_thread() -> Self {
        thread_local!(static TOKEN: Cell<u8> = const { Cell::new(0) });
        fn current() -> usize {
            TOKEN
                .try_with(|token| core::ptr::from_ref(token).addr())
                .unwrap_or(0)
        }
        Self {
            token: current(),
            current,
        }
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
