//! The safe form of the library. A call in flight holds a reference to the store, so the store
//! lives until its last callback.

use core::ffi::CStr;
use core::ptr::NonNull;
use std::ffi::CString;
use std::rc::Rc;

use callback_adapter::{CallError, Errno, Events, Handle, Parent, Refusal, Subscription};

use crate::kv::{self, kv_change_cb, kv_info, kv_snapshot};

/// A key-value store. Cheap to clone, bound to its thread.
#[derive(Clone)]
pub(crate) struct Store(Rc<Inner>);

struct Inner(NonNull<kv::kv>);

// SAFETY: the store is alive until the drop.
unsafe impl Parent<*mut kv::kv> for Inner {
    fn as_arg(&self) -> *mut kv::kv {
        self.0.as_ptr()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // SAFETY: each call in flight holds a reference, so none is waiting.
        unsafe { kv::kv_destroy(self.as_arg()) };
    }
}

/// How a call of the store fails.
pub(crate) type Error = CallError<Errno>;

impl Store {
    /// An empty store, if there is memory for one.
    pub(crate) fn new() -> Option<Self> {
        NonNull::new(kv::kv_create()).map(|store| Self(Rc::new(Inner(store))))
    }

    /// Stores a value. Key and value come back in every outcome.
    pub(crate) async fn put(
        &self,
        key: CString,
        value: CString,
    ) -> (Result<(), Error>, CString, CString) {
        // SAFETY: the record keeps the store and both texts.
        let call = unsafe { kv::kv_put(Rc::clone(&self.0), key, value) };
        let (result, (_store, key, value)) = call.await;
        (result, key, value)
    }

    /// What is known of a value.
    pub(crate) async fn stat(&self, key: CString) -> Result<kv_info, Error> {
        // SAFETY: the record keeps the store, the text, and the place for the answer.
        let call = unsafe { kv::kv_stat(Rc::clone(&self.0), key) };
        let (result, _) = call.await;
        result.map(|((), (info,))| info)
    }

    /// A snapshot of the store. Dropping it closes it.
    pub(crate) async fn snapshot(&self) -> Result<Snapshot, Error> {
        // SAFETY: the record keeps the store.
        let call = unsafe { kv::kv_open_snapshot(Rc::clone(&self.0)) };
        let (result, _) = call.await;
        result.map(|snapshot| Snapshot(snapshot.expect("a snapshot that was opened is not null")))
    }

    /// Reports each change of the store until the watch is dropped.
    pub(crate) fn watch(&self) -> Result<(Watch, Events<kv_change_cb>), Refusal> {
        let (subscription, changes) = Subscription::new("kv_watch");
        // SAFETY: the store is alive; a subscription may end at any time.
        unsafe { kv::kv_watch(self.0.as_arg(), &subscription) }?;
        Ok((Watch { store: self.clone(), _subscription: subscription }, changes))
    }

    /// The keys and versions of all values, in no order.
    pub(crate) fn versions(&self) -> Vec<(String, u64)> {
        let mut versions = Vec::new();
        let visit = |(key, info): (*const core::ffi::c_char, Option<kv_info>)| {
            // SAFETY: the key is a C string that is valid during the visit.
            let key = unsafe { CStr::from_ptr(key) }.to_string_lossy().into_owned();
            versions.extend(info.map(|info| (key, info.version)));
            0
        };
        // SAFETY: the store is alive, and the visits do not touch it.
        unsafe { kv::kv_each(self.0.as_arg(), visit) };
        versions
    }

    /// Carries out the calls that are waiting. Not from a task.
    pub(crate) fn poll(&self) {
        // SAFETY: the store is alive.
        unsafe { kv::kv_poll(self.0.as_arg()) };
    }
}

/// A snapshot of a store.
pub(crate) struct Snapshot(Handle<kv_snapshot>);

impl Snapshot {
    /// The version of the store that it shows.
    pub(crate) fn version(&self) -> u64 {
        // SAFETY: a handle's object is open.
        unsafe { kv::kv_snapshot_version(self.0.as_ptr()) }
    }
}

/// How many snapshots are open in this process.
pub(crate) fn open_snapshots() -> i32 {
    kv::kv_snapshots()
}

/// The registration of [`Store::watch`].
pub(crate) struct Watch {
    store: Store,
    _subscription: Subscription<kv_change_cb>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        // SAFETY: the store is alive.
        unsafe { kv::kv_unwatch(self.store.0.as_arg()) };
    }
}
