//! A boxed `futures` oneshot by hand, after the design of `spdk-io`: the sender travels as the context.

use core::ffi::c_void;
use std::rc::Rc;

use futures_channel::oneshot::{self, Sender};
use spdk_async::DmaBuf;
use spdk_async::spdk_sys::{self, spdk_bdev_io};

use super::Round;
use super::channel::Channel;
use crate::pieces::Pieces;
use crate::workload::tasks;

pub(super) async fn run(round: Round<'_>) {
    let Round { target, shape, operations, buffers } = round;
    let (channel, op) = (Channel::of(target), shape.op);
    let task = |mut buffers: Vec<DmaBuf>| {
        let operations = Rc::clone(&operations);
        async move {
            let mut pieces = Pieces::of(&mut buffers);
            while let Some(offset) = operations.next() {
                let (sender, receiver) = oneshot::channel::<bool>();
                let cb_arg = Box::into_raw(Box::new(sender)).cast();
                // SAFETY: descriptor and channel are open; pieces and buffers stay until the task has
                // ended, which waits for the callback.
                let status =
                    unsafe { channel.by_bytes(op, &mut pieces, offset, Some(completed), cb_arg) };
                assert_eq!(status, 0, "the pool is larger than the depth");
                assert_eq!(receiver.await, Ok(true), "an operation succeeds");
            }
        }
    };
    tasks(buffers, task).await;
}

/// # Safety
///
/// - `cb_arg` is a boxed sender, which nobody else uses.
unsafe extern "C" fn completed(bdev_io: *mut spdk_bdev_io, success: bool, cb_arg: *mut c_void) {
    // SAFETY: the I/O has completed and is given back once.
    unsafe { spdk_sys::spdk_bdev_free_io(bdev_io) };
    // SAFETY: the caller's promise.
    let sender = unsafe { Box::from_raw(cb_arg.cast::<Sender<bool>>()) };
    let _ = sender.send(success);
}
