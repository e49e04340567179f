//! A boxed `futures` oneshot by hand: the sender travels as the context.

use core::ffi::c_void;
use std::rc::Rc;

use futures_channel::oneshot::{self, Sender};
use spdk_async::DmaBuf;
use spdk_async::spdk_sys::{self, spdk_bdev_io};

use super::Round;
use crate::options::Op;
use crate::pieces::Pieces;
use crate::workload::tasks;

pub(super) async fn run(round: Round<'_>) {
    let Round { target, shape, operations, buffers } = round;
    let (desc, ch, op) = (target.desc, target.ch, shape.op);
    let task = |mut buffers: Vec<DmaBuf>| {
        let operations = Rc::clone(&operations);
        async move {
            let Pieces { start, len, mut iovs, count } = Pieces::of(&mut buffers);
            while let Some(offset) = operations.next() {
                let (sender, receiver) = oneshot::channel::<bool>();
                let cb_arg = Box::into_raw(Box::new(sender)).cast::<c_void>();
                let cb = Some(completed as _);
                let status = match op {
                    // SAFETY: descriptor and channel are open, and the buffer stays until the task
                    // has ended, which waits for the callback.
                    Op::Read => unsafe {
                        spdk_sys::spdk_bdev_read(desc, ch, start, offset, len, cb, cb_arg)
                    },
                    // SAFETY: as above.
                    Op::Write => unsafe {
                        spdk_sys::spdk_bdev_write(desc, ch, start, offset, len, cb, cb_arg)
                    },
                    // SAFETY: as above; the array lies in the task, which does not move.
                    Op::Readv => unsafe {
                        let iovs = iovs.as_mut_ptr();
                        spdk_sys::spdk_bdev_readv(desc, ch, iovs, count, offset, len, cb, cb_arg)
                    },
                };
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
