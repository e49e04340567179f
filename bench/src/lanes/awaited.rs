//! The awaitables of `raw::bdev`: pooled, and with a record on the heap.

use core::ffi::c_void;
use std::rc::Rc;

use spdk_async::DmaBuf;
use spdk_async::adapter::Keep;
use spdk_async::raw::bdev as raw;
use spdk_async::spdk_sys::{iovec, spdk_bdev_desc, spdk_io_channel};

use super::Round;
use crate::options::Op;
use crate::pieces::Pieces;
use crate::workload::{Operations, tasks};

/// What each task needs.
struct Kit {
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    op: Op,
    operations: Rc<Operations>,
    buffers: Vec<DmaBuf>,
}

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

fn kits(round: Round<'_>) -> Vec<Kit> {
    let Round { target, shape, operations, buffers } = round;
    let kit = |buffers| Kit {
        desc: target.desc,
        ch: target.ch,
        op: shape.op,
        operations: Rc::clone(&operations),
        buffers,
    };
    buffers.into_iter().map(kit).collect()
}

/// The body of a task: every operation awaited by `$how`, which is nothing or a method of the call.
macro_rules! lane {
    ($name:ident, $($how:tt)*) => {
        pub(super) async fn $name(round: Round<'_>) {
            tasks(kits(round), async |mut kit: Kit| {
                let Pieces { start, len, mut iovs, count } = Pieces::of(&mut kit.buffers);
                let (desc, ch, op) = (kit.desc, kit.ch, kit.op);
                let iovs: *mut iovec = iovs.as_mut_ptr();
                while let Some(offset) = kit.operations.next() {
                    let (ch, start, iovs) = (Lent(ch), Lent::<c_void>(start), Lent(iovs));
                    let result = match op {
                        // SAFETY: descriptor and channel are open, and the buffer stays until the
                        // task has ended, which waits for the callback.
                        Op::Read => unsafe {
                            raw::spdk_bdev_read(desc, ch, start, offset, len)$($how)*
                        }.await.0,
                        // SAFETY: as above.
                        Op::Write => unsafe {
                            raw::spdk_bdev_write(desc, ch, start, offset, len)$($how)*
                        }.await.0,
                        // SAFETY: as above; the array lies in the task, which does not move.
                        Op::Readv => unsafe {
                            raw::spdk_bdev_readv(desc, ch, iovs, count, offset, len)$($how)*
                        }.await.0,
                    };
                    result.expect("an operation succeeds");
                }
            })
            .await;
        }
    };
}

lane!(pooled,);
lane!(boxed, .submit());
