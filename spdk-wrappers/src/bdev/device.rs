//! A block device: a descriptor whose channels are hidden, one a thread.

use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use compio_buf::{IoBuf, IoBufMut};

use super::channel::CachedChannel;
use super::{BdevStat, Descriptor, IoChannel};
use crate::error::Result;
use crate::thread::{Owner, Runtime};

/// An open bdev for use from any `spdk_thread` of the application. Cheap to clone.
///
/// Behind it is one channel on each thread that has used it. They are put, and the bdev is closed,
/// when the last clone is dropped or [closed](Self::close).
///
/// ```no_run
/// use spdk_async::bdev::BlockDevice;
///
/// # async fn example() -> spdk_async::Result<()> {
/// let device = BlockDevice::open("Malloc0").await?;
/// let (result, buf) = device.write_at(vec![7; 4096], 8192).await;
/// result?;
/// let (result, buf) = device.read_at(buf, 8192).await;
/// result?;
/// assert_eq!(buf, [7; 4096]);
/// device.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct BlockDevice(Arc<Shared>);

struct Shared {
    id: u64,
    descriptor: Descriptor,
    /// The threads that keep a channel for the device.
    threads: Mutex<BTreeSet<u64>>,
}

impl BlockDevice {
    /// Opens the bdev of this name for reading and writing, on the current `spdk_thread`.
    ///
    /// # Errors
    ///
    /// As [`Bdev::open`](super::Bdev::open).
    pub async fn open(name: &str) -> Result<Self> {
        Ok(Self::new(super::Bdev::open(name).await?))
    }

    /// Uses a bdev that is open already.
    #[must_use]
    pub fn new(descriptor: Descriptor) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(Arc::new(Shared { id, descriptor, threads: Mutex::default() }))
    }

    /// The descriptor, for everything that this type does not offer.
    #[must_use]
    pub fn descriptor(&self) -> &Descriptor {
        &self.0.descriptor
    }

    /// The size of a block, in bytes.
    #[must_use]
    pub fn block_size(&self) -> u32 {
        self.descriptor().block_size()
    }

    /// The alignment that buffers must have to be used without a copy, in bytes.
    #[must_use]
    pub fn dma_alignment(&self) -> usize {
        self.descriptor().buf_align()
    }

    /// The number of blocks.
    #[must_use]
    pub fn num_blocks(&self) -> u64 {
        self.descriptor().num_blocks()
    }

    /// This thread's channel, which is opened at its first use.
    ///
    /// # Errors
    ///
    /// As [`Descriptor::channel`].
    pub fn channel(&self) -> Result<IoChannel> {
        let runtime = Runtime::current("spdk_bdev_get_io_channel")?;
        let id = self.0.id;
        let cached = runtime
            .channels
            .borrow()
            .iter()
            .find(|cached| cached.device == id)
            .map(|cached| cached.channel.clone());
        if let Some(channel) = cached {
            return Ok(channel);
        }
        let channel = self.descriptor().channel()?;
        runtime.channels.borrow_mut().push(CachedChannel { device: id, channel: channel.clone() });
        self.0.threads.lock().unwrap_or_else(PoisonError::into_inner).insert(runtime.id());
        Ok(channel)
    }

    /// Writes the whole of `buf` at `offset`. Offset and length are in bytes, and multiples of the
    /// block size.
    ///
    /// # Errors
    ///
    /// As [`IoChannel::write`]. The buffer comes back either way.
    pub async fn write_at<B: IoBuf>(&self, buf: B, offset: u64) -> (Result<()>, B) {
        match self.channel() {
            Ok(channel) => channel.write(buf, offset).await,
            Err(error) => (Err(error), buf),
        }
    }

    /// Reads into the whole of `buf` from `offset`. Offset and length are in bytes, and multiples of
    /// the block size.
    ///
    /// # Errors
    ///
    /// As [`IoChannel::read`]. The buffer comes back either way.
    pub async fn read_at<B: IoBufMut>(&self, buf: B, offset: u64) -> (Result<()>, B) {
        match self.channel() {
            Ok(channel) => channel.read(buf, offset).await,
            Err(error) => (Err(error), buf),
        }
    }

    /// The bdev's statistics.
    ///
    /// # Errors
    ///
    /// As [`Descriptor::stat`].
    pub async fn stat(&self) -> Result<BdevStat> {
        self.descriptor().stat().await
    }

    /// Closes this clone. The bdev itself is closed with the last one, once its I/O has completed.
    pub async fn close(self) {
        drop(self);
        // Channels and descriptor go by message; let those on this thread be sent first.
        crate::thread::yield_now().await;
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let id = self.id;
        let threads = self.threads.get_mut().unwrap_or_else(PoisonError::into_inner);
        for thread in core::mem::take(threads) {
            Owner::from_id(thread).run(move |runtime| {
                let mut channels = runtime.channels.borrow_mut();
                let put: Vec<_> = channels.extract_if(.., |cached| cached.device == id).collect();
                // Outside of the borrow: the last channel may close the descriptor.
                drop(channels);
                drop(put);
            });
        }
    }
}

impl fmt::Debug for BlockDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BlockDevice").field(self.descriptor()).finish()
    }
}

/// Opens the bdev of this name, runs `work` on it, and closes it, also when the work fails or is
/// dropped.
///
/// ```no_run
/// use spdk_async::bdev::with_bdev;
///
/// # async fn example() -> spdk_async::Result<()> {
/// let first_block = with_bdev("Malloc0", async |device| {
///     let (result, buf) = device.read_at(vec![0; 512], 0).await;
///     result.map(|()| buf)
/// })
/// .await??;
/// # drop(first_block);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// As [`BlockDevice::open`].
pub async fn with_bdev<T>(name: &str, work: impl AsyncFnOnce(BlockDevice) -> T) -> Result<T> {
    let device = BlockDevice::open(name).await?;
    let output = work(device.clone()).await;
    device.close().await;
    Ok(output)
}
