//! The bare callback: what a C program does, and what the others are measured by.

use core::cell::Cell;
use core::ffi::c_void;
use std::rc::Rc;

use futures_channel::oneshot;
use spdk_async::DmaBuf;
use spdk_async::spdk_sys::{self, spdk_bdev_io};

use super::Round;
use super::channel::Channel;
use crate::options::Op;
use crate::pieces::Pieces;
use crate::workload::Operations;

/// What C is told a place in.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    Bytes,
    Blocks,
}

/// What the operations of a round share.
struct Shared {
    channel: Channel,
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
        channel: Channel::of(target),
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
    let (channel, op) = (shared.channel, shared.op);
    let status = match shared.unit {
        // SAFETY: descriptor and channel are open, and slot and buffers stay until the callback.
        Unit::Bytes => unsafe { channel.by_bytes(op, &mut slot.pieces, offset, cb, cb_arg) },
        // SAFETY: as above.
        Unit::Blocks => unsafe { channel.by_blocks(op, &mut slot.pieces, offset, cb, cb_arg) },
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
