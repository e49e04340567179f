//! The bdev channel: one for each bdev and spdk_thread.
//!
//! Everything in it is touched only on its thread. All fields are cells, so that callbacks may
//! re-enter the API at any point.

use core::cell::{Cell, RefCell, UnsafeCell};
use core::ffi::{c_int, c_void};
use core::ptr;
use std::sync::Arc;

use super::faults::Held;
use super::io::{ChLink, IoQueue, QueueLink};
use super::lba_lock::ChRange;
use super::mgmt::{self, MgmtChannel, SharedResource};
use super::qos::{self, Qos};
use super::state::{bdev_of_device, io_device, state};
use super::{fail, nomem, spdk_bdev, spdk_bdev_desc, spdk_bdev_io_stat, stat};
use crate::{
    spdk_get_io_channel, spdk_get_thread, spdk_get_ticks_hz, spdk_histogram_data,
    spdk_histogram_data_alloc, spdk_histogram_data_free, spdk_io_channel, spdk_io_channel_from_ctx,
    spdk_io_channel_get_ctx, spdk_io_device_register, spdk_poller, spdk_poller_unregister,
    spdk_put_io_channel, spdk_thread,
};

/// A reset is in progress: new I/O is aborted.
pub(super) const RESET_IN_PROGRESS: u32 = 1;
/// I/O goes through the QoS queue.
pub(super) const QOS_ENABLED: u32 = 2;

/// Context of a bdev's io_channel.
#[derive(Debug)]
pub(super) struct BdevChannel {
    pub(super) bdev: *mut spdk_bdev,
    /// The io_channel whose context this is.
    pub(super) io_channel: *mut spdk_io_channel,
    /// The module's channel.
    pub(super) channel: *mut spdk_io_channel,
    pub(super) thread: *mut spdk_thread,
    pub(super) shared: *mut SharedResource,
    pub(super) mgmt: *mut MgmtChannel,
    /// I/O in the hands of the module.
    pub(super) io_outstanding: Cell<u64>,
    /// bdev_io taken and not freed yet.
    pub(super) ios_held: Cell<u64>,
    pub(super) next_seq: Cell<u64>,
    pub(super) flags: Cell<u32>,
    pub(super) io_submitted: IoQueue<ChLink>,
    pub(super) io_locked: IoQueue<ChLink>,
    pub(super) locked_ranges: RefCell<Vec<ChRange>>,
    pub(super) histogram: Cell<*mut spdk_histogram_data>,
    pub(super) stat: UnsafeCell<spdk_bdev_io_stat>,
    pub(super) qos: RefCell<Option<Arc<Qos>>>,
    pub(super) qos_queued: IoQueue<QueueLink>,
    /// Completions that a test switch holds back.
    pub(super) held: RefCell<Held>,
}

/// The context of a bdev's channel.
///
/// # Safety
/// - `ch` is a live channel of a bdev.
pub(super) unsafe fn of<'a>(ch: *mut spdk_io_channel) -> &'a BdevChannel {
    // SAFETY: the context was written by `create_cb` and lives as long as the channel; it is only
    // ever used through shared references.
    unsafe { &*spdk_io_channel_get_ctx(ch).cast::<BdevChannel>() }
}

impl BdevChannel {
    /// The resources shared with other channels of the module's channel.
    pub(super) fn shared(&self) -> &SharedResource {
        // SAFETY: the channel holds a reference until it is destroyed.
        unsafe { &*self.shared }
    }

    /// The thread's management channel.
    pub(super) fn mgmt(&self) -> &MgmtChannel {
        // SAFETY: the shared resource holds a reference until the channel is destroyed.
        unsafe { &*self.mgmt }
    }

    pub(super) fn has_flag(&self, flag: u32) -> bool {
        self.flags.get() & flag != 0
    }

    pub(super) fn set_flag(&self, flag: u32, on: bool) {
        let flags = self.flags.get();
        self.flags.set(if on { flags | flag } else { flags & !flag });
    }

    /// Counts an I/O that goes to the module.
    pub(super) fn add_outstanding(&self) {
        let shared = self.shared();
        self.io_outstanding.set(self.io_outstanding.get() + 1);
        shared.io_outstanding.set(shared.io_outstanding.get() + 1);
    }

    /// Counts an I/O that came back from the module.
    pub(super) fn sub_outstanding(&self) {
        let shared = self.shared();
        self.io_outstanding.set(self.io_outstanding.get() - 1);
        shared.io_outstanding.set(shared.io_outstanding.get() - 1);
    }
}

/// Registers the io_device of a bdev that is being registered; app thread.
pub(super) fn register_device(bdev: *mut spdk_bdev, name: &core::ffi::CStr) {
    let size = u32::try_from(size_of::<BdevChannel>()).expect("a channel context is small");
    // SAFETY: the address is unique to the bdev and the callbacks match the context's size.
    unsafe {
        spdk_io_device_register(
            io_device(bdev),
            Some(create_cb),
            Some(destroy_cb),
            size,
            name.as_ptr(),
        );
    }
}

unsafe extern "C" fn create_cb(device: *mut c_void, ctx_buf: *mut c_void) -> c_int {
    let bdev = bdev_of_device(device);
    // SAFETY: the bdev is registered while its io_device is.
    let channel = unsafe {
        let get = (*(*bdev).fn_table).get_io_channel;
        get.map_or(ptr::null_mut(), |get| get((*bdev).ctxt))
    };
    if channel.is_null() {
        return -1;
    }
    let shared = acquire_shared(channel);
    if shared.is_null() {
        // SAFETY: the module just handed this reference out.
        unsafe { spdk_put_io_channel(channel) };
        return -1;
    }
    // SAFETY: the buffer is of the registered size, and writable until the channel is destroyed.
    unsafe {
        let io_channel = spdk_io_channel_from_ctx(ctx_buf);
        let own = new_channel(bdev, io_channel, channel, shared);
        ctx_buf.cast::<BdevChannel>().write(own);
        enter_bdev(&*ctx_buf.cast::<BdevChannel>());
    }
    0
}

fn new_channel(
    bdev: *mut spdk_bdev,
    io_channel: *mut spdk_io_channel,
    channel: *mut spdk_io_channel,
    shared: *mut SharedResource,
) -> BdevChannel {
    let mut channel_stat = stat::empty();
    // SAFETY: may be called from anywhere.
    channel_stat.ticks_rate = unsafe { spdk_get_ticks_hz() };
    BdevChannel {
        bdev,
        io_channel,
        channel,
        // SAFETY: may be called from anywhere.
        thread: unsafe { spdk_get_thread() },
        shared,
        // SAFETY: the shared resource was just made or referenced.
        mgmt: unsafe { (*shared).mgmt },
        io_outstanding: Cell::new(0),
        ios_held: Cell::new(0),
        next_seq: Cell::new(0),
        flags: Cell::new(0),
        io_submitted: IoQueue::new(),
        io_locked: IoQueue::new(),
        locked_ranges: RefCell::new(Vec::new()),
        histogram: Cell::new(ptr::null_mut()),
        stat: UnsafeCell::new(channel_stat),
        qos: RefCell::new(None),
        qos_queued: IoQueue::new(),
        held: RefCell::new(Held::default()),
    }
}

/// Gives a new channel what the bdev has switched on already.
fn enter_bdev(ch: &BdevChannel) {
    // SAFETY: the bdev is registered while channels are created.
    let shared = unsafe { state(ch.bdev) }.lock();
    if shared.histogram.enabled {
        // SAFETY: allocates without preconditions; the default geometry, as in SPDK.
        ch.histogram.set(unsafe { spdk_histogram_data_alloc() });
    }
    let ranges = shared.locked_ranges.iter().map(|&range| ChRange::inherited(range));
    ch.locked_ranges.borrow_mut().extend(ranges);
    let qos = shared.qos.clone();
    drop(shared);
    if let Some(qos) = qos {
        qos::enable_on(ch, &qos);
    }
}

/// Finds or makes the shared resource of a module's channel; NULL if the thread has no
/// management channel.
fn acquire_shared(channel: *mut spdk_io_channel) -> *mut SharedResource {
    let mgmt_ptr = mgmt::get();
    if mgmt_ptr.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: `get` returned a live channel of this thread.
    let mut resources = unsafe { &(*mgmt_ptr).shared_resources }.borrow_mut();
    for &shared in resources.iter() {
        // SAFETY: resources in the list are alive.
        let existing = unsafe { &*shared };
        if existing.shared_ch == channel {
            existing.refs.set(existing.refs.get() + 1);
            drop(resources);
            mgmt::put(mgmt_ptr);
            return shared;
        }
    }
    let shared = Box::into_raw(Box::new(SharedResource {
        mgmt: mgmt_ptr,
        io_outstanding: Cell::new(0),
        nomem: IoQueue::new(),
        nomem_threshold: Cell::new(0),
        nomem_abort_in_progress: Cell::new(false),
        nomem_poller: Cell::new(ptr::null_mut()),
        shared_ch: channel,
        refs: Cell::new(1),
    }));
    resources.push(shared);
    shared
}

fn release_shared(shared: *mut SharedResource) {
    // SAFETY: the caller holds a reference.
    let resource = unsafe { &*shared };
    resource.refs.set(resource.refs.get() - 1);
    if resource.refs.get() > 0 {
        return;
    }
    let mgmt_ptr = resource.mgmt;
    // SAFETY: the resource holds a reference to the management channel.
    unsafe { &(*mgmt_ptr).shared_resources }.borrow_mut().retain(|&other| other != shared);
    let mut poller: *mut spdk_poller = resource.nomem_poller.get();
    // SAFETY: the poller, if any, was registered on this thread; the resource was boxed and is in
    // no list any more.
    unsafe {
        spdk_poller_unregister(&raw mut poller);
        drop(Box::from_raw(shared));
    }
    mgmt::put(mgmt_ptr);
}

unsafe extern "C" fn destroy_cb(_device: *mut c_void, ctx_buf: *mut c_void) {
    let ctx = ctx_buf.cast::<BdevChannel>();
    // SAFETY: written by `create_cb`; nobody else uses the channel any more.
    let ch = unsafe { &*ctx };
    // SAFETY: the bdev's device is registered while channels exist.
    let bdev_state = unsafe { state(ch.bdev) };
    nomem::abort_channel(ch);
    {
        let mut shared = bdev_state.lock();
        // SAFETY: only this thread touches the channel's statistics.
        stat::add(&mut shared.stat, unsafe { &*ch.stat.get() });
    }
    assert!(
        ch.io_submitted.is_empty() && ch.io_outstanding.get() == 0 && ch.io_locked.is_empty(),
        "spdk_put_io_channel: the last reference to a channel of bdev '{}' was put with I/O in flight; wait for every completion first",
        bdev_state.name
    );
    assert!(
        ch.ios_held.get() == 0,
        "spdk_put_io_channel: a channel of bdev '{}' ended while {} bdev_io were not freed; call spdk_bdev_free_io once for each completed I/O",
        bdev_state.name,
        ch.ios_held.get()
    );
    let histogram = ch.histogram.get();
    let (module_channel, shared) = (ch.channel, ch.shared);
    // SAFETY: the histogram is NULL or this channel's; the channel's own reference on the module's
    // channel is put once; the context is dropped last.
    unsafe {
        if !histogram.is_null() {
            spdk_histogram_data_free(histogram);
        }
        spdk_put_io_channel(module_channel);
        ptr::drop_in_place(ctx);
    }
    release_shared(shared);
}

/// Gets the current thread's channel of the descriptor's bdev, with a new reference; NULL if the
/// module or the thread has no resources for it. Put it with `spdk_put_io_channel`, on this thread.
///
/// # Safety
/// - `desc` is open.
pub unsafe extern "C" fn spdk_bdev_get_io_channel(
    desc: *mut spdk_bdev_desc,
) -> *mut spdk_io_channel {
    fail::require_thread("spdk_bdev_get_io_channel");
    // SAFETY: an open descriptor has a registered bdev.
    unsafe { spdk_get_io_channel(io_device((*desc).bdev)) }
}
