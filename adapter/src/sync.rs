//! What threads meet in: the types of the standard library or, under `--cfg loom`, those of the model
//! checker, so that `tests/models` explores the code that ships.
//!
//! Everything of this crate that two threads can reach goes through here, but for counters that
//! nothing depends on and the reference counts of `Arc`.

#[cfg(loom)]
pub(crate) use self::checked::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicUsize, Cell, Mutex, MutexGuard, UnsafeCell,
    global, thread_local,
};
#[cfg(not(loom))]
pub(crate) use self::shipped::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicUsize, Cell, Mutex, MutexGuard, UnsafeCell,
    global, thread_local,
};
pub(crate) use core::sync::atomic::Ordering;
pub(crate) use std::sync::PoisonError;

#[cfg(not(loom))]
mod shipped {
    pub(crate) use core::cell::Cell;
    pub(crate) use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicUsize};
    pub(crate) use std::sync::{Mutex, MutexGuard};
    pub(crate) use std::thread_local;

    /// `core::cell::UnsafeCell` with accesses that have a beginning and an end, which is what a
    /// model can check.
    pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(core::cell::UnsafeCell::new(value))
        }

        #[inline]
        pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
            write(self.0.get())
        }
    }

    /// A static that is made before `main`.
    macro_rules! global {
        ($(#[$attribute:meta])* static $name:ident: $type:ty = $value:expr;) => {
            $(#[$attribute])*
            static $name: $type = $value;
        };
    }
    pub(crate) use global;
}

#[cfg(loom)]
mod checked {
    pub(crate) use loom::cell::{Cell, UnsafeCell};
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicUsize};
    pub(crate) use loom::sync::{Mutex, MutexGuard};

    /// A thread-local of each thread of the model.
    macro_rules! modelled_local {
        ($(#[$attribute:meta])* static $name:ident: $type:ty = const $value:block;) => {
            loom::thread_local! { $(#[$attribute])* static $name: $type = $value; }
        };
    }
    pub(crate) use modelled_local as thread_local;

    /// A static that each explored schedule starts anew with.
    macro_rules! global {
        ($(#[$attribute:meta])* static $name:ident: $type:ty = $value:expr;) => {
            loom::lazy_static! { $(#[$attribute])* static ref $name: $type = $value; }
        };
    }
    pub(crate) use global;
}
