//! Locks on ranges of blocks: for an emulated compare and write, and for quiescing.
//!
//! A lock is put on every channel by a walk, which waits on each channel until overlapping I/O has
//! ended. I/O that meets a lock waits on its channel and is submitted when the lock goes. Locks on
//! overlapping ranges wait for each other.

use core::ffi::{c_int, c_void};
use core::ptr;

use super::channel::{self, BdevChannel};
use super::io::int;
use super::state::{io_device, state};
use super::submit::submit;
use super::walk::{self, spdk_bdev_channel_iter, spdk_bdev_for_each_channel_continue};
use super::{
    SPDK_BDEV_IO_TYPE_COPY, SPDK_BDEV_IO_TYPE_NVME_IO, SPDK_BDEV_IO_TYPE_NVME_IO_MD,
    SPDK_BDEV_IO_TYPE_READ, SPDK_BDEV_IO_TYPE_UNMAP, SPDK_BDEV_IO_TYPE_WRITE,
    SPDK_BDEV_IO_TYPE_WRITE_UNCORRECTABLE, SPDK_BDEV_IO_TYPE_WRITE_ZEROES, SPDK_BDEV_IO_TYPE_ZCOPY,
    SPDK_BDEV_STATUS_UNREGISTERING, spdk_bdev, spdk_bdev_io, unregister,
};
use crate::{
    SPDK_POLLER_BUSY, spdk_get_io_channel, spdk_get_thread, spdk_io_channel, spdk_poller,
    spdk_poller_register_named, spdk_poller_unregister, spdk_put_io_channel, spdk_thread,
    spdk_thread_send_msg,
};

const CHECK_PERIOD_US: u64 = 100;

/// Called when a lock was taken or released, on the thread that asked.
pub(super) type LockCb = unsafe extern "C" fn(ctx: *mut c_void, status: c_int);

/// What is locked, and for whom.
#[derive(Debug, Copy, Clone)]
pub(super) struct ChRange {
    offset: u64,
    length: u64,
    /// Reads wait, too.
    quiesce: bool,
    /// The holder: I/O with this `cb_arg` on `owner` passes.
    locked_ctx: *mut c_void,
    owner: *const BdevChannel,
}

/// A lock of a bdev, from the request until it is released.
#[derive(Debug)]
pub(super) struct RangeCtx {
    pub(super) range: ChRange,
    bdev: *mut spdk_bdev,
    thread: *mut spdk_thread,
    cb: LockCb,
    cb_arg: *mut c_void,
    iter: *mut spdk_bdev_channel_iter,
    poller: *mut spdk_poller,
    /// Keeps the channel while its poller waits.
    ch_ref: *mut spdk_io_channel,
}

impl RangeCtx {
    /// Whether the lock covers exactly these blocks.
    pub(super) fn covers(&self, offset: u64, length: u64) -> bool {
        self.range.offset == offset && self.range.length == length
    }

    /// What the lock was taken for.
    pub(super) fn holder(&self) -> *mut c_void {
        self.range.locked_ctx
    }
}

impl ChRange {
    /// The entry of a lock in a channel that is created while the lock is held.
    pub(super) fn inherited(ctx: *mut RangeCtx) -> Self {
        // SAFETY: contexts in the bdev's list are alive, and the caller holds the bdev's lock.
        unsafe { (*ctx).range }
    }

    fn overlaps(&self, offset: u64, length: u64) -> bool {
        self.length != 0
            && length != 0
            && offset < self.offset + self.length
            && self.offset < offset + length
    }

    fn same(&self, other: &Self) -> bool {
        self.offset == other.offset
            && self.length == other.length
            && self.locked_ctx == other.locked_ctx
    }

    /// Whether `io` has to wait for this lock.
    fn stops(&self, ch: &BdevChannel, io: *mut spdk_bdev_io) -> bool {
        // SAFETY: an I/O in flight on `ch`.
        let (type_, holder) =
            unsafe { (u32::from((*io).type_), int(io).caller_ctx.get() == self.locked_ctx) };
        match type_ {
            SPDK_BDEV_IO_TYPE_NVME_IO | SPDK_BDEV_IO_TYPE_NVME_IO_MD => return true,
            SPDK_BDEV_IO_TYPE_READ if !self.quiesce => return false,
            SPDK_BDEV_IO_TYPE_READ
            | SPDK_BDEV_IO_TYPE_WRITE
            | SPDK_BDEV_IO_TYPE_WRITE_UNCORRECTABLE
            | SPDK_BDEV_IO_TYPE_UNMAP
            | SPDK_BDEV_IO_TYPE_WRITE_ZEROES
            | SPDK_BDEV_IO_TYPE_ZCOPY
            | SPDK_BDEV_IO_TYPE_COPY => {}
            _ => return false,
        }
        // SAFETY: I/O of these types have block parameters.
        let params = unsafe { (*io).u.bdev };
        self.overlaps(params.offset_blocks, params.num_blocks)
            && !(ptr::eq(self.owner, ch) && holder)
    }
}

/// Makes `io` wait if a lock stops it. True: it waits, and is submitted again later.
pub(super) fn park_if_locked(ch: &BdevChannel, io: *mut spdk_bdev_io) -> bool {
    let ranges = ch.locked_ranges.borrow();
    if ranges.is_empty() || !ranges.iter().any(|range| range.stops(ch, io)) {
        return false;
    }
    ch.io_locked.push_back(io);
    true
}

/// Locks the blocks of an I/O for itself; `cb` gets the I/O.
///
/// # Safety
/// - `io` is in flight on this thread and stays so until it is unlocked.
pub(super) unsafe fn lock_for_io(io: *mut spdk_bdev_io, cb: LockCb) {
    // SAFETY: by contract.
    unsafe {
        let params = (*io).u.bdev;
        let range = ChRange {
            offset: params.offset_blocks,
            length: params.num_blocks,
            quiesce: false,
            locked_ctx: io.cast(),
            owner: int(io).ch.get(),
        };
        lock_range((*io).bdev, range, cb);
    }
}

/// Locks blocks against everybody, reads included; `cb` gets `ctx`.
///
/// # Safety
/// - `bdev` is registered and stays so until the range is unlocked.
pub(super) unsafe fn lock_quiesce(
    bdev: *mut spdk_bdev,
    offset: u64,
    length: u64,
    ctx: *mut c_void,
    cb: LockCb,
) {
    let range = ChRange { offset, length, quiesce: true, locked_ctx: ctx, owner: ptr::null() };
    // SAFETY: by contract.
    unsafe { lock_range(bdev, range, cb) };
}

unsafe fn lock_range(bdev: *mut spdk_bdev, range: ChRange, cb: LockCb) {
    let ctx = Box::into_raw(Box::new(RangeCtx {
        range,
        bdev,
        // SAFETY: may be called from anywhere.
        thread: unsafe { spdk_get_thread() },
        cb,
        cb_arg: range.locked_ctx,
        iter: ptr::null_mut(),
        poller: ptr::null_mut(),
        ch_ref: ptr::null_mut(),
    }));
    // SAFETY: the bdev is registered; contexts in its lists are alive.
    unsafe {
        let mut shared = state(bdev).lock();
        if overlaps_any(&shared.locked_ranges, &range) {
            shared.pending_locked_ranges.push_back(ctx);
            return;
        }
        shared.locked_ranges.push(ctx);
        drop(shared);
        walk::start(bdev, lock_channel, ctx.cast(), lock_done);
    }
}

fn overlaps_any(ranges: &[*mut RangeCtx], range: &ChRange) -> bool {
    // SAFETY: contexts in a bdev's list are alive, and the caller holds the bdev's lock.
    ranges.iter().any(|&other| unsafe { &(*other).range }.overlaps(range.offset, range.length))
}

unsafe extern "C" fn lock_channel(
    i: *mut spdk_bdev_channel_iter,
    _bdev: *mut spdk_bdev,
    ch: *mut spdk_io_channel,
    ctx: *mut c_void,
) {
    let ctx = ctx.cast::<RangeCtx>();
    // SAFETY: a visit of the walk, which is the only user of the context meanwhile.
    unsafe {
        let own = channel::of(ch);
        let range = (*ctx).range;
        let known = own.locked_ranges.borrow().iter().any(|other| other.same(&range));
        if known {
            spdk_bdev_for_each_channel_continue(i, 0);
            return;
        }
        own.locked_ranges.borrow_mut().push(range);
        (*ctx).iter = i;
        check_io(ctx.cast());
    }
}

/// Goes on when no I/O that the lock would have stopped is in flight on the channel.
unsafe extern "C" fn check_io(ctx: *mut c_void) -> c_int {
    let ctx = ctx.cast::<RangeCtx>();
    // SAFETY: called by `lock_channel` or its poller, while the walk stands on this channel.
    unsafe {
        spdk_poller_unregister(&raw mut (*ctx).poller);
        let own = channel::of((*(*ctx).iter).channel());
        let range = (*ctx).range;
        if own.io_submitted.iter().any(|io| range.stops(own, io)) {
            if (*ctx).ch_ref.is_null() {
                (*ctx).ch_ref = spdk_get_io_channel(io_device((*ctx).bdev));
            }
            (*ctx).poller = spdk_poller_register_named(
                Some(check_io),
                ctx.cast(),
                CHECK_PERIOD_US,
                c"bdev_lock_lba_range_check_io".as_ptr(),
            );
            return SPDK_POLLER_BUSY as c_int;
        }
        if !(*ctx).ch_ref.is_null() {
            spdk_put_io_channel((*ctx).ch_ref);
            (*ctx).ch_ref = ptr::null_mut();
        }
        spdk_bdev_for_each_channel_continue((*ctx).iter, 0);
        SPDK_POLLER_BUSY as c_int
    }
}

unsafe extern "C" fn lock_done(_bdev: *mut spdk_bdev, ctx: *mut c_void, status: c_int) {
    // SAFETY: the walk has ended; the context lives until it is unlocked.
    unsafe {
        let (cb, cb_arg) = {
            let ctx = &*ctx.cast::<RangeCtx>();
            (ctx.cb, ctx.cb_arg)
        };
        cb(cb_arg, status);
    }
}

/// Releases what [`lock_for_io`] took.
///
/// # Safety
/// - The blocks of `io` are locked for it.
pub(super) unsafe fn unlock_for_io(io: *mut spdk_bdev_io, cb: LockCb) {
    // SAFETY: by contract.
    unsafe { unlock((*io).bdev, io.cast(), cb) };
}

/// Releases the lock taken for `holder`; `cb` gets `holder`.
///
/// # Safety
/// - `bdev` is registered and a lock is held for `holder`.
pub(super) unsafe fn unlock(bdev: *mut spdk_bdev, holder: *mut c_void, cb: LockCb) {
    // SAFETY: the bdev is registered; contexts in its list are alive.
    unsafe {
        let mut shared = state(bdev).lock();
        let held = |&&ctx: &&*mut RangeCtx| (&*ctx).range.locked_ctx == holder;
        let found = shared.locked_ranges.iter().find(held).copied();
        let Some(ctx) = found else {
            panic!("bdev LBA lock: a range was unlocked that is not locked; unlock each lock once")
        };
        shared.locked_ranges.retain(|&other| other != ctx);
        drop(shared);
        (*ctx).cb = cb;
        walk::start(bdev, unlock_channel, ctx.cast(), unlock_done);
    }
}

unsafe extern "C" fn unlock_channel(
    i: *mut spdk_bdev_channel_iter,
    _bdev: *mut spdk_bdev,
    ch: *mut spdk_io_channel,
    ctx: *mut c_void,
) {
    // SAFETY: a visit of the walk, on the channel's thread; waiting I/O are in flight.
    unsafe {
        let own = channel::of(ch);
        let range = (*ctx.cast::<RangeCtx>()).range;
        own.locked_ranges.borrow_mut().retain(|other| !other.same(&range));
        for io in own.io_locked.take_all() {
            submit(io);
        }
        spdk_bdev_for_each_channel_continue(i, 0);
    }
}

unsafe extern "C" fn unlock_done(bdev: *mut spdk_bdev, ctx: *mut c_void, status: c_int) {
    // SAFETY: the walk has ended and the context is in no list; the bdev's unregistering waits for
    // its locks.
    unsafe {
        let ctx = Box::from_raw(ctx.cast::<RangeCtx>());
        let mut shared = state(bdev).lock();
        let mut at = 0;
        while let Some(&pending) = shared.pending_locked_ranges.get(at) {
            let range = (*pending).range;
            if overlaps_any(&shared.locked_ranges, &range) {
                at += 1;
                continue;
            }
            shared.pending_locked_ranges.remove(at);
            shared.locked_ranges.push(pending);
            spdk_thread_send_msg((*pending).thread, Some(lock_msg), pending.cast());
        }
        let resume_unregister =
            shared.status == SPDK_BDEV_STATUS_UNREGISTERING && shared.locked_ranges.is_empty();
        drop(shared);
        if resume_unregister {
            unregister::resume(bdev);
        }
        (ctx.cb)(ctx.cb_arg, status);
    }
}

unsafe extern "C" fn lock_msg(ctx: *mut c_void) {
    // SAFETY: sent by `unlock_done` for a context that is in the bdev's list now.
    unsafe {
        let bdev = (*ctx.cast::<RangeCtx>()).bdev;
        walk::start(bdev, lock_channel, ctx, lock_done);
    }
}
