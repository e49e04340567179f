//! A promise that a task and its callback share, by hand, after the design of `rust-spdk`: a counted pointer
//! to it travels as the context. It stays on its thread, and so counts and waits without atomics.

use core::cell::Cell;
use core::ffi::c_void;
use core::future::poll_fn;
use core::task::{Poll, Waker};
use std::rc::Rc;

use spdk_async::DmaBuf;
use spdk_async::spdk_sys::{self, spdk_bdev_io};

use super::Round;
use super::channel::Channel;
use crate::pieces::Pieces;
use crate::workload::tasks;

#[derive(Default)]
struct Promise {
    success: Cell<Option<bool>>,
    waker: Cell<Option<Waker>>,
}

impl Promise {
    async fn kept(&self) -> bool {
        poll_fn(|cx| match self.success.get() {
            Some(success) => Poll::Ready(success),
            None => {
                self.waker.set(Some(cx.waker().clone()));
                Poll::Pending
            }
        })
        .await
    }
}

pub(super) async fn run(round: Round<'_>) {
    let Round { target, shape, operations, buffers } = round;
    let (channel, op) = (Channel::of(target), shape.op);
    let task = |mut buffers: Vec<DmaBuf>| {
        let operations = Rc::clone(&operations);
        async move {
            let mut pieces = Pieces::of(&mut buffers);
            while let Some(offset) = operations.next() {
                let promise = Rc::<Promise>::default();
                let cb_arg = Rc::into_raw(Rc::clone(&promise)).cast_mut().cast();
                // SAFETY: descriptor and channel are open; pieces and buffers stay until the task has
                // ended, which waits for the callback.
                let status =
                    unsafe { channel.by_bytes(op, &mut pieces, offset, Some(completed), cb_arg) };
                assert_eq!(status, 0, "the pool is larger than the depth");
                assert!(promise.kept().await, "an operation succeeds");
            }
        }
    };
    tasks(buffers, task).await;
}

/// # Safety
///
/// - `cb_arg` is a counted pointer to a promise, and its count is given up.
unsafe extern "C" fn completed(bdev_io: *mut spdk_bdev_io, success: bool, cb_arg: *mut c_void) {
    // SAFETY: the I/O has completed and is given back once.
    unsafe { spdk_sys::spdk_bdev_free_io(bdev_io) };
    // SAFETY: the caller's promise.
    let promise = unsafe { Rc::from_raw(cb_arg.cast::<Promise>().cast_const()) };
    promise.success.set(Some(success));
    if let Some(waker) = promise.waker.take() {
        waker.wake();
    }
}
