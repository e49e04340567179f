//! One future of each public operation, to be dropped at any moment. `public_api` in
//! `cancel_points` compares the names with the source.
#![allow(dead_code, reason = "each test file uses a part of this")]

use core::ffi::CStr;
use core::pin::Pin;
use std::time::Duration;

use spdk_async::bdev::{
    AbortToken, Bdev, BlockDevice, IoChannel, IoOptions, IoType, QosLimits, StatReset,
    wait_for_examine, with_bdev,
};
use spdk_async::{DmaBuf, Worker, shutdown_requested, sleep, spawn_local, timeout, yield_now};

use crate::buffers::Counted;
use crate::common::{BLOCK, next};

pub(crate) type Op = Pin<Box<dyn Future<Output = ()>>>;

/// How to make a future of one operation.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    /// The function's path in the crate, and after a comma what is particular.
    pub(crate) name: &'static str,
    pub(crate) make: fn(IoChannel) -> Op,
}

fn buf() -> Counted {
    Counted::new(&[1; BLOCK])
}

fn bufs() -> Vec<Counted> {
    vec![buf(), buf()]
}

fn device(channel: &IoChannel) -> BlockDevice {
    BlockDevice::new(channel.descriptor().clone())
}

fn name(channel: &IoChannel) -> String {
    channel.descriptor().bdev().name().to_owned()
}

/// A case whose results do not matter: an operation may meet the remains of an earlier one, and not
/// every bdev can do each.
macro_rules! case {
    ($name:literal, $channel:ident => $work:expr) => {
        Case {
            name: $name,
            make: |$channel| {
                Box::pin(async move {
                    let _ = $work.await;
                })
            },
        }
    };
}

/// I/O with one `spdk_bdev_io` each, in ranges below block 32.
pub(crate) const IO: &[Case] = &[
    case!("IoChannel::read", ch => ch.read(buf(), 0)),
    case!("IoChannel::write", ch => ch.write(buf(), 0)),
    case!("IoChannel::read_blocks", ch => ch.read_blocks(buf(), 1)),
    case!("IoChannel::write_blocks", ch => ch.write_blocks(buf(), 1)),
    case!("IoChannel::write_blocks, an array", ch => ch.write_blocks([1; BLOCK], 1)),
    case!("IoChannel::read_blocks, DMA memory", ch => async move {
        ch.read_blocks(DmaBuf::zeroed(BLOCK, 0).unwrap(), 1).await
    }),
    case!("IoChannel::readv", ch => ch.readv(bufs(), 0)),
    case!("IoChannel::writev", ch => ch.writev(bufs(), 0)),
    case!("IoChannel::readv_blocks", ch => ch.readv_blocks(bufs(), 2)),
    case!("IoChannel::writev_blocks", ch => ch.writev_blocks(bufs(), 2)),
    case!("IoChannel::readv_blocks_with", ch => {
        ch.readv_blocks_with(bufs(), 2, IoOptions::default())
    }),
    case!("IoChannel::writev_blocks_with", ch => {
        ch.writev_blocks_with(bufs(), 2, IoOptions::default())
    }),
    case!("IoChannel::compare", ch => ch.compare(buf(), 0)),
    case!("IoChannel::comparev", ch => ch.comparev(bufs(), 0)),
    case!("IoChannel::write_zeroes", ch => ch.write_zeroes(0, 8)),
    case!("IoChannel::unmap", ch => ch.unmap(0, 8)),
    case!("IoChannel::flush", ch => ch.flush(0, 8)),
    case!("IoChannel::copy", ch => ch.copy(16, 0, 8)),
    case!("IoChannel::seek_data", ch => ch.seek_data(0)),
    case!("IoChannel::seek_hole", ch => ch.seek_hole(0)),
    case!("IoChannel::zcopy", ch => ch.zcopy(0, 4, true)),
    case!("ZeroCopy::commit", ch => async move { ch.zcopy(0, 4, true).await?.commit().await }),
    case!("ZeroCopy::release", ch => async move { ch.zcopy(0, 4, false).await?.release().await }),
    case!("BlockDevice::write_at", ch => async move { device(&ch).write_at(buf(), 0).await }),
    case!("BlockDevice::read_at", ch => async move { device(&ch).read_at(buf(), 0).await }),
];

/// What the bdev layer does besides.
pub(crate) const BDEV: &[Case] = &[
    // Not among the others: with no `spdk_bdev_io` left for its steps, SPDK waits for ever.
    case!("IoChannel::compare_and_write", ch => ch.compare_and_write(buf(), buf(), 5)),
    case!("IoChannel::reset", ch => ch.reset()),
    case!("IoChannel::reset, with I/O in flight", ch => async move {
        let writer = ch.clone();
        let write = spawn_local(async move { writer.write_blocks(buf(), 1).await.0 });
        yield_now().await;
        let reset = ch.reset().await;
        drop(write.await);
        reset
    }),
    case!("IoChannel::abort", ch => async move {
        let token = AbortToken::new();
        let named = ch.abortable(&token);
        let reads: Vec<_> = (0..2)
            .map(|_| {
                let named = named.clone();
                spawn_local(async move { named.read_blocks(buf(), 0).await.0 })
            })
            .collect();
        yield_now().await;
        let aborted = ch.abort(&token).await;
        for read in reads {
            drop(read.await);
        }
        aborted
    }),
    case!("Descriptor::stat", ch => ch.descriptor().stat()),
    case!("Descriptor::reset_stat", ch => ch.descriptor().reset_stat(StatReset::All)),
    case!("Descriptor::enable_histogram", ch => ch.descriptor().enable_histogram()),
    case!("Descriptor::enable_histogram_of", ch => ch.descriptor().enable_histogram_of(IoType::Read)),
    case!("Descriptor::histogram", ch => async move {
        drop(ch.descriptor().enable_histogram().await);
        ch.descriptor().histogram().await
    }),
    case!("Descriptor::disable_histogram", ch => async move {
        drop(ch.descriptor().enable_histogram().await);
        ch.descriptor().disable_histogram().await
    }),
    case!("Descriptor::set_qos_limits", ch => {
        let limits = QosLimits { rw_ios_per_sec: Some(1_000_000), ..QosLimits::default() };
        async move { ch.descriptor().set_qos_limits(limits).await }
    }),
    case!("Descriptor::events", ch => async move {
        let mut events = ch.descriptor().events();
        grow(&name(&ch));
        timeout(Duration::from_millis(2), next(&mut events)).await
    }),
    case!("Descriptor::timeouts", ch => async move {
        // Timeouts belong to the thread that opened the descriptor.
        let descriptor = Bdev::open(&name(&ch)).await?;
        let mut timeouts = descriptor.timeouts(Duration::from_secs(1))?;
        drop(timeout(Duration::from_micros(200), next(&mut timeouts)).await);
        Ok::<_, spdk_async::Error>(())
    }),
    case!("wait_for_examine", _ch => wait_for_examine()),
    case!("Bdev::open", ch => async move {
        let channel = Bdev::open(&name(&ch)).await?.channel()?;
        channel.read_blocks(buf(), 0).await.0
    }),
    case!("Bdev::open_read_only", ch => async move {
        let channel = Bdev::open_read_only(&name(&ch)).await?.channel()?;
        channel.read_blocks(buf(), 0).await.0
    }),
    case!("BlockDevice::open", ch => async move {
        BlockDevice::open(&name(&ch)).await?.write_at(buf(), 0).await.0
    }),
    case!("BlockDevice::stat", ch => async move { device(&ch).stat().await }),
    case!("BlockDevice::close", ch => async move {
        let device = device(&ch);
        drop(device.read_at(buf(), 0).await);
        device.close().await;
    }),
    case!("with_bdev", ch => async move {
        with_bdev(&name(&ch), async |device| device.read_at(buf(), 0).await.0).await
    }),
];

/// Tasks, time, and other threads.
pub(crate) const TASKS: &[Case] = &[
    case!("sleep", _ch => sleep(Duration::from_micros(100))),
    case!("timeout", ch => timeout(Duration::from_micros(1), async move {
        ch.read_blocks(buf(), 0).await.0
    })),
    case!("timeout, the future is first", ch => timeout(Duration::from_secs(60), async move {
        ch.read_blocks(buf(), 0).await.0
    })),
    case!("yield_now", _ch => yield_now()),
    case!("spawn_local", ch => spawn_local(async move { ch.write_blocks(buf(), 1).await.0 })),
    case!("shutdown_requested", _ch => {
        timeout(Duration::from_micros(100), shutdown_requested())
    }),
    case!("Worker::create", _ch => async {
        if let Ok(worker) = Worker::create("dropped", None).await {
            worker.end();
        }
    }),
    case!("Worker::spawn", ch => async move {
        struct End(Worker);
        impl Drop for End {
            fn drop(&mut self) {
                self.0.end();
            }
        }
        let device = device(&ch);
        drop(ch);
        let Ok(worker) = Worker::create("asked", None).await.map(End) else { return };
        let write = worker.0.spawn(move || async move { device.write_at(buf(), 0).await.0 });
        drop(write.expect("it has not been told to end").await);
    }),
];

/// Each of them.
pub(crate) fn all() -> impl Iterator<Item = &'static Case> {
    IO.iter().chain(BDEV).chain(TASKS)
}

/// Makes a bdev larger by a block, which raises an event. Not every bdev can.
fn grow(name: &str) {
    let name = std::ffi::CString::new(name).unwrap();
    let bdev = bdev(&name);
    // SAFETY: the bdev is registered.
    let blocks = unsafe { spdk_sys::spdk_bdev_get_num_blocks(bdev) };
    // SAFETY: the bdev is registered, and an spdk_thread is current.
    let _ = unsafe { spdk_sys::spdk_bdev_notify_blockcnt_change(bdev, blocks + 1) };
}

/// A registered bdev, as C knows it.
pub(crate) fn bdev(name: &CStr) -> *mut spdk_sys::spdk_bdev {
    // SAFETY: on an spdk_thread, with a C string.
    let bdev = unsafe { spdk_sys::spdk_bdev_get_by_name(name.as_ptr()) };
    assert!(!bdev.is_null(), "{name:?} is registered");
    bdev
}
