//! `lib.h` for Rust: what each callback means, and the functions that take them. `store` makes them
//! safe.

use core::ffi::{c_char, c_int, c_void};

use spdk_async_macros::{spdk_async, spdk_callback};

/// The store; opaque.
#[repr(C)]
pub(crate) struct kv {
    _opaque: [u8; 0],
}

/// A snapshot; opaque.
#[repr(C)]
pub(crate) struct kv_snapshot {
    _opaque: [u8; 0],
}

/// Which version of a value it is, and how long it is in bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct kv_info {
    /// Counts what was stored before it, and itself.
    pub(crate) version: u64,
    /// In bytes.
    pub(crate) length: u64,
}

/// The call is done: zero or an error number.
#[spdk_callback(once)]
pub(crate) type kv_done_cb = unsafe extern "C" fn(ctx: *mut c_void, #[status(errno)] status: c_int);

/// A snapshot was opened. One that nobody takes is closed.
#[spdk_callback(once)]
pub(crate) type kv_snapshot_cb = unsafe extern "C" fn(
    ctx: *mut c_void,
    #[handle(close = kv_close_snapshot)] snapshot: *mut kv_snapshot,
    #[status(errno)] status: c_int,
);

/// A value was stored.
#[spdk_callback(multi)]
pub(crate) type kv_change_cb = unsafe extern "C" fn(ctx: *mut c_void, version: u64);

/// A value is visited. The key is valid during the visit, `info` is copied.
#[spdk_callback(visitor)]
pub(crate) type kv_each_fn = unsafe extern "C" fn(
    ctx: *mut c_void,
    #[value] key: *const c_char,
    #[copy] info: *const kv_info,
) -> c_int;

#[spdk_async]
unsafe extern "C" {
    /// Stores a value. Refused with `EINVAL` for an empty key.
    ///
    /// # Safety
    ///
    /// - `store` is alive until the callback, and polled on this thread.
    pub(crate) fn kv_put(
        #[keep] store: *mut kv,
        #[keep] key: *const c_char,
        #[keep] value: *const c_char,
        cb: kv_done_cb,
        ctx: *mut c_void,
    ) -> c_int;

    /// Answers what is known of a value; fails with `ENOENT` if there is none.
    ///
    /// # Safety
    ///
    /// - As for [`kv_put`].
    pub(crate) fn kv_stat(
        #[keep] store: *mut kv,
        #[keep] key: *const c_char,
        #[out] info: *mut kv_info,
        cb: kv_done_cb,
        ctx: *mut c_void,
    ) -> c_int;

    /// Opens a snapshot.
    ///
    /// # Safety
    ///
    /// - As for [`kv_put`].
    pub(crate) fn kv_open_snapshot(
        #[keep] store: *mut kv,
        cb: kv_snapshot_cb,
        ctx: *mut c_void,
    ) -> c_int;

    /// Reports each change from now on. Refused with `EBUSY` if somebody watches already.
    ///
    /// # Safety
    ///
    /// - `store` is alive and used on this thread.
    #[spdk_async(multi)]
    pub(crate) fn kv_watch(store: *mut kv, cb: kv_change_cb, ctx: *mut c_void) -> c_int;

    /// Visits each value, until an answer is not zero.
    ///
    /// # Safety
    ///
    /// - As for [`kv_watch`].
    #[spdk_async(visitor)]
    pub(crate) fn kv_each(store: *mut kv, r#fn: kv_each_fn, ctx: *mut c_void) -> c_int;
}

// What takes no callback needs no attribute.
#[link(name = "kv", kind = "static")]
unsafe extern "C" {
    /// A new store, or null.
    pub(crate) safe fn kv_create() -> *mut kv;
    /// Ends a store that has no call waiting.
    pub(crate) fn kv_destroy(store: *mut kv);
    /// Carries out the calls that are waiting.
    pub(crate) fn kv_poll(store: *mut kv) -> c_int;
    /// Ends the reports.
    pub(crate) fn kv_unwatch(store: *mut kv);
    /// Closes a snapshot.
    pub(crate) fn kv_close_snapshot(snapshot: *mut kv_snapshot);
    /// The version of the store that a snapshot shows.
    pub(crate) fn kv_snapshot_version(snapshot: *const kv_snapshot) -> u64;
    /// Snapshots that are open.
    pub(crate) safe fn kv_snapshots() -> c_int;
}
