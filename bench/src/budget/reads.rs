//! Reads of the null bdev: submitted by C, submitted by a future, and dropped in flight.
//!
//! The bare reads and those that are dropped come in waves. One read more is awaited at the end of
//! each: the bdev completes in the order of submission, so that none is left in flight by then.

use core::cell::Cell;
use core::ffi::c_void;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::slice;
use core::task::Poll;
use std::rc::Rc;

use spdk_async::spdk_sys::{self, spdk_bdev_io};
use spdk_async::{DmaBuf, Result};

use super::counted::counted;
use crate::target::Target;
use crate::workload::{Operations, Shape, tasks};

/// Reads that C submits, with a callback that does no more than it must.
pub(super) async fn bare(target: &Target, shape: Shape, operations: &Operations) -> Result<()> {
    let len = shape.size as u64;
    let mut wave = Wave::new(target, shape)?;
    let in_flight: &Cell<usize> = Box::leak(Box::default());
    let cb_arg = (&raw const *in_flight).cast_mut().cast();
    while let Some(offset) = operations.next() {
        let (start, ends) = wave.next();
        // SAFETY: descriptor and channel are open, for the end of the wave waits for the callback;
        // the memory and the context are never freed.
        let status = counted(|| unsafe {
            let cb = Some(completed as _);
            spdk_sys::spdk_bdev_read(target.desc, target.ch, start.cast(), offset, len, cb, cb_arg)
        });
        assert_eq!(status, 0, "the pool is larger than the depth");
        in_flight.update(|count| count + 1);
        if ends {
            wave.end().await;
            assert_eq!(in_flight.get(), 0, "the null bdev completes in order");
        }
    }
    Ok(())
}

/// # Safety
///
/// - `cb_arg` counts the reads in flight.
unsafe extern "C" fn completed(bdev_io: *mut spdk_bdev_io, success: bool, cb_arg: *mut c_void) {
    // SAFETY: the I/O has completed and is given back once.
    unsafe { spdk_sys::spdk_bdev_free_io(bdev_io) };
    assert!(success, "a read failed");
    // SAFETY: the caller's promise.
    let in_flight = unsafe { &*cb_arg.cast::<Cell<usize>>() };
    in_flight.update(|count| count - 1);
}

/// Reads through the safe API, a task for each that is in flight.
pub(super) async fn submit(
    target: &Target,
    shape: Shape,
    operations: &Rc<Operations>,
) -> Result<()> {
    tasks(shape.buffers()?, |mut buffers| {
        let (channel, operations) = (target.channel.clone(), Rc::clone(operations));
        async move {
            let mut buf = buffers.pop().expect("there is one buffer");
            while let Some(offset) = operations.next() {
                let mut read = pin!(channel.read(buf, offset));
                let first = poll_fn(|cx| Poll::Ready(counted(|| read.as_mut().poll(cx)))).await;
                assert!(first.is_pending(), "the null bdev never completes within the call");
                let (result, back) = read.await;
                result.expect("a read succeeds");
                buf = back;
            }
        }
    })
    .await;
    Ok(())
}

/// Reads through the safe API, each dropped when it is in flight.
pub(super) async fn cancel(target: &Target, shape: Shape, operations: &Operations) -> Result<()> {
    let mut wave = Wave::new(target, shape)?;
    while let Some(offset) = operations.next() {
        let (start, ends) = wave.next();
        // SAFETY: the memory is initialised and never freed. Who read into it before, in the wave
        // before, had its callback by the end of that.
        let buf: &'static mut [u8] = unsafe { slice::from_raw_parts_mut(start, shape.size) };
        let mut read = pin!(target.channel.read(buf, offset));
        let first = poll_fn(|cx| Poll::Ready(read.as_mut().poll(cx))).await;
        assert!(first.is_pending(), "the null bdev never completes within the call");
        if ends {
            wave.end().await;
        }
    }
    Ok(())
}

/// Memory for as many reads as may be in flight, and the read at their end.
struct Wave<'a> {
    target: &'a Target,
    /// Never freed.
    places: Vec<*mut u8>,
    at: usize,
    last: Option<DmaBuf>,
}

impl<'a> Wave<'a> {
    fn new(target: &'a Target, shape: Shape) -> Result<Self> {
        let place = |_| Box::leak(vec![0; shape.size].into_boxed_slice()).as_mut_ptr();
        let places = (0..shape.depth).map(place).collect();
        let last = Some(DmaBuf::zeroed(shape.size, 4096)?);
        Ok(Self { target, places, at: 0, last })
    }

    /// The memory of the next read, and whether it is the last of its wave.
    fn next(&mut self) -> (*mut u8, bool) {
        let place = self.places[self.at];
        self.at = (self.at + 1) % self.places.len();
        (place, self.at == 0)
    }

    /// Waits until all reads of the wave have completed.
    async fn end(&mut self) {
        let last = self.last.take().expect("a wave ends once");
        let (result, last) = self.target.channel.read(last, 0).await;
        result.expect("a read succeeds");
        self.last = Some(last);
    }
}
