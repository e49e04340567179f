//! The bare callback: what a C program does, and what the others are measured by.

use core::cell::Cell;
use core::ffi::c_void;
use std::rc::Rc;

use futures_channel::oneshot;
use spdk_async::DmaBuf;
use spdk_async::spdk_sys::{self, spdk_bdev_desc, spdk_bdev_io, spdk_io_channel};

use super::Round;
use crate::options::Op;
use crate::pieces::Pieces;
use crate::target::BLOCK_SIZE;
use crate::workload::Operations;

/// What C is told a place in.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    Bytes,
    Blocks,
}

/// What the operations of a round share.
struct Shared {
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    op: Op,
    unit: Unit,
    operations: Rc<Operations>,
    active: Cell<usize>,
    finished: Cell<Option<oneshot::Sender<()>>>,
}

/// One operation in flight; its address is the context.
struct Slot<'a> {
    shared: &'a Shared,
    pieces: Pieces,
}

pub(super) async fn run(round: Round<'_>, unit: Unit) {
    let Round { target, shape, operations, mut buffers } = round;
    let (sender, finished) = oneshot::channel();
    let shared = Shared {
        desc: target.desc,
        ch: target.ch,
        op: shape.op,
        unit,
        operations,
        active: Cell::new(buffers.len()),
        finished: Cell::new(Some(sender)),
    };
    let pieces = |buffers: &mut Vec<DmaBuf>| Pieces::of(buffers);
    let mut slots: Vec<_> = buffers
        .iter_mut()
        .map(|buffers| Slot { shared: &shared, pieces: pieces(buffers) })
        .collect();
    for slot in &mut slots {
        // SAFETY: slots, buffers and what they share stay until the last has finished.
        unsafe { next(slot) };
    }
    finished.await.expect("the last operation says so");
}

/// Submits the next operation of a slot, or counts it out.
///
/// # Safety
///
/// - `slot` is alive until its round has finished, and has no operation in flight.
unsafe fn next(slot: *mut Slot<'_>) {
    // SAFETY: the caller's promise.
    let slot = unsafe { &mut *slot };
    let shared = slot.shared;
    let Some(offset) = shared.operations.next() else {
        shared.active.set(shared.active.get() - 1);
        if shared.active.get() == 0
            && let Some(finished) = shared.finished.take()
        {
            let _ = finished.send(());
        }
        return;
    };
    let (cb, cb_arg) = (Some(completed as _), (&raw mut *slot).cast());
    let Pieces { start, len, iovs, count } = &mut slot.pieces;
    let (desc, ch) = (shared.desc, shared.ch);
    let status = match (shared.op, shared.unit) {
        // SAFETY: descriptor and channel are open, and the buffer stays until the callback.
        (Op::Read, Unit::Bytes) => unsafe {
            spdk_sys::spdk_bdev_read(desc, ch, *start, offset, *len, cb, cb_arg)
        },
        // SAFETY: as above.
        (Op::Read, Unit::Blocks) => unsafe {
            let (block, blocks) = (offset / BLOCK_SIZE, *len / BLOCK_SIZE);
            spdk_sys::spdk_bdev_read_blocks(desc, ch, *start, block, blocks, cb, cb_arg)
        },
        // SAFETY: as above.
        (Op::Write, Unit::Bytes) => unsafe {
            spdk_sys::spdk_bdev_write(desc, ch, *start, offset, *len, cb, cb_arg)
        },
        // SAFETY: as above.
        (Op::Write, Unit::Blocks) => unsafe {
            let (block, blocks) = (offset / BLOCK_SIZE, *len / BLOCK_SIZE);
            spdk_sys::spdk_bdev_write_blocks(desc, ch, *start, block, blocks, cb, cb_arg)
        },
        // SAFETY: as above; the array lies in the slot.
        (Op::Readv, Unit::Bytes) => unsafe {
            let iovs = iovs.as_mut_ptr();
            spdk_sys::spdk_bdev_readv(desc, ch, iovs, *count, offset, *len, cb, cb_arg)
        },
        // SAFETY: as above.
        (Op::Readv, Unit::Blocks) => unsafe {
            let (block, blocks) = (offset / BLOCK_SIZE, *len / BLOCK_SIZE);
            let iovs = iovs.as_mut_ptr();
            spdk_sys::spdk_bdev_readv_blocks(desc, ch, iovs, *count, block, blocks, cb, cb_arg)
        },
    };
    assert_eq!(status, 0, "the pool is larger than the depth");
}

/// # Safety
///
/// - `cb_arg` is the slot of the operation.
unsafe extern "C" fn completed(bdev_io: *mut spdk_bdev_io, success: bool, cb_arg: *mut c_void) {
    // SAFETY: the I/O has completed and is given back once.
    unsafe { spdk_sys::spdk_bdev_free_io(bdev_io) };
    assert!(success, "an operation failed");
    // SAFETY: the context is the slot.
    unsafe { next(cb_arg.cast()) };
}
