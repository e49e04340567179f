//! The awaitables of `raw::bdev`: pooled, and with a record on the heap.

use core::ffi::c_void;
use std::rc::Rc;

use spdk_async::DmaBuf;
use spdk_async::adapter::Keep;
use spdk_async::raw::bdev as raw;

use super::Round;
use crate::options::Op;
use crate::pieces::Pieces;
use crate::workload::tasks;

/// A pointer that C keeps. The benchmark stays on one thread, so that it may call itself `Send`.
struct Lent<T>(*mut T);

// SAFETY: the benchmark awaits on the thread that submits, and what is lent outlives the operation.
unsafe impl<T> Send for Lent<T> {}
// SAFETY: the pointer stays fit as long as what is lent.
unsafe impl<T: 'static> Keep<*mut T> for Lent<T> {
    fn arg(&mut self) -> *mut T {
        self.0
    }
}

/// Tasks that do nothing but the operation that `$call` makes of descriptor, channel, pieces and offset.
macro_rules! run {
    ($round:expr, |$desc:ident, $ch:ident, $pieces:ident, $offset:ident| $call:expr) => {{
        let Round { target, operations, buffers, .. } = $round;
        tasks(buffers, |mut buffers: Vec<DmaBuf>| {
            let ($desc, ch, operations) = (target.desc, Lent(target.ch), Rc::clone(&operations));
            async move {
                let mut pieces = Pieces::of(&mut buffers);
                while let Some($offset) = operations.next() {
                    let ($ch, $pieces) = (Lent(ch.0), &mut pieces);
                    // SAFETY: descriptor and channel are open, and buffer and array, which lie in the
                    // task or on the heap, stay until the task has ended, which waits for the callback.
                    unsafe { $call }.await.0.expect("an operation succeeds");
                }
            }
        })
        .await;
    }};
}

/// A lane in which every operation is awaited by `$how`, which is nothing or a method of the call.
macro_rules! lane {
    ($name:ident, $($how:tt)*) => {
        pub(super) async fn $name(round: Round<'_>) {
            match round.shape.op {
                Op::Read => run!(round, |desc, ch, pieces, offset| {
                    let start = Lent::<c_void>(pieces.start);
                    raw::spdk_bdev_read(desc, ch, start, offset, pieces.len)$($how)*
                }),
                Op::Write => run!(round, |desc, ch, pieces, offset| {
                    let start = Lent::<c_void>(pieces.start);
                    raw::spdk_bdev_write(desc, ch, start, offset, pieces.len)$($how)*
                }),
                Op::Readv => run!(round, |desc, ch, pieces, offset| {
                    let (iovs, count) = (Lent(pieces.iovs.as_mut_ptr()), pieces.count);
                    raw::spdk_bdev_readv(desc, ch, iovs, count, offset, pieces.len)$($how)*
                }),
            }
        }
    };
}

lane!(pooled,);
lane!(boxed, .submit());
