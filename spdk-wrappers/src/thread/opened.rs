//! SPDK objects that only the thread that opened them may close.
//!
//! A value that is not `Send` may still meet another `spdk_thread`: several run on one OS thread.
//! Closing is therefore always routed to the owner, never inferred from a type.

use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use super::registry::Owner;
use super::runtime::Runtime;

/// An open SPDK object. Dropping it closes it on its owner's thread: at once when that is current,
/// by message otherwise.
///
/// Invariants:
///
/// 1. `object` is open from `new` to the close, and only this type closes it.
/// 2. The owner's runtime lists the object as open, so its thread lives until then.
/// 3. `keep` is dropped after the close.
pub(crate) struct Opened<T: 'static, K: Send + 'static = ()> {
    object: NonNull<T>,
    close: unsafe extern "C" fn(*mut T),
    owner: Owner,
    key: usize,
    keep: ManuallyDrop<K>,
}

impl<T, K: Send> Opened<T, K> {
    /// Takes over an object that was opened on `runtime`, whose thread is current. `name` is what a
    /// shutdown that waits for it calls it.
    ///
    /// # Safety
    ///
    /// - `object` was opened on the current thread, and nobody else closes it.
    /// - `close(object)` is sound on that thread once this value is dropped.
    pub(crate) unsafe fn new(
        object: NonNull<T>,
        close: unsafe extern "C" fn(*mut T),
        runtime: &Runtime,
        name: String,
        keep: K,
    ) -> Self {
        let key = runtime.opened(name);
        Self { object, close, owner: Owner::new(runtime), key, keep: ManuallyDrop::new(keep) }
    }

    pub(crate) const fn as_ptr(&self) -> *mut T {
        self.object.as_ptr()
    }

    pub(crate) const fn owner(&self) -> Owner {
        self.owner
    }

    /// What lives at least as long as the object.
    pub(crate) fn keep(&self) -> &K {
        &self.keep
    }
}

impl<T, K: Send> Drop for Opened<T, K> {
    fn drop(&mut self) {
        // SAFETY: invariant 3: dropped once, here; nothing uses it afterwards.
        let keep = unsafe { ManuallyDrop::take(&mut self.keep) };
        let (close, key) = (self.close, self.key);
        let object = AtHome(self.object);
        self.owner.run(move |runtime| {
            let object = object.into_inner();
            // SAFETY: invariant 1, on the owner's thread.
            unsafe { close(object.as_ptr()) };
            runtime.closed(key);
            drop(keep);
        });
    }
}

/// A value on its way to the thread that it belongs to.
struct AtHome<T>(T);

// SAFETY: only the owner's thread looks inside (W3).
unsafe impl<T> Send for AtHome<T> {}

impl<T> AtHome<T> {
    /// Takes the whole, so that a closure captures the wrapper and not its field.
    fn into_inner(self) -> T {
        self.0
    }
}

/// Gives `value` to `job` on its owner's thread, after what has been routed there before.
///
/// # Safety
///
/// - `value` belongs to `owner` and has never left the OS thread that runs it.
pub(crate) unsafe fn run_at_home<T: 'static>(
    owner: Owner,
    value: T,
    job: impl FnOnce(T) + Send + 'static,
) {
    let value = AtHome(value);
    owner.run(move |_| job(value.into_inner()));
}
