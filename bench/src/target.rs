//! The bdev under measurement, open in both ways: by the safe API and by its C pointers.

use core::ptr::NonNull;

use spdk_async::bdev::{Bdev, Descriptor, IoChannel};
use spdk_async::spdk_sys::{
    self, spdk_bdev, spdk_bdev_desc, spdk_bdev_event_type, spdk_io_channel,
};
use spdk_async::{App, LogLevel, Result, Shutdown};

use crate::options::Device;

/// The block size of both, in bytes.
pub(crate) const BLOCK_SIZE: u64 = 512;

/// The blocks of each. Enough that random offsets differ, few enough for SPDK's memory without hugepages.
const BLOCKS: u64 = 131_072;

/// The bytes of each.
pub(crate) const BYTES: u64 = BLOCKS * BLOCK_SIZE;

/// Operations in flight for which there are `spdk_bdev_io`s, with room to spare: SPDK has 65535 if nobody says
/// otherwise, and each thread keeps some.
pub(crate) const DEEPEST: u64 = 32_768;

/// The application that the measurements run in.
pub(crate) fn app() -> App {
    let geometry = format!(r#""num_blocks": {BLOCKS}, "block_size": {BLOCK_SIZE}"#);
    App::new("bench")
        .json(format!(
            r#"{{"subsystems": [{{"subsystem": "bdev", "config": [
                {{"method": "bdev_null_create", "params": {{"name": "Null0", {geometry}}}}},
                {{"method": "bdev_malloc_create", "params": {{"name": "Malloc0", {geometry}}}}}]}}]}}"#
        ))
        .no_huge(true)
        .no_pci(true)
        .memory_mib(1024)
        .log_level(LogLevel::Disabled)
        // A signal ends the process there and then. Were the round dropped instead, its memory would go
        // while C has operations in flight.
        .shutdown(Shutdown::Ignore)
}

/// An open bdev.
pub(crate) struct Target {
    /// For the safe API.
    pub(crate) channel: IoChannel,
    /// For C's own functions: of a second descriptor, which the target closes.
    pub(crate) desc: *mut spdk_bdev_desc,
    /// A channel of `desc` on this thread.
    pub(crate) ch: *mut spdk_io_channel,
    /// Bytes of the bdev.
    pub(crate) len: u64,
}

impl Target {
    pub(crate) async fn open(device: Device) -> Result<Self> {
        let name = match device {
            Device::Null => c"Null0",
            Device::Malloc => c"Malloc0",
        };
        let descriptor: Descriptor = Bdev::open(name.to_str().expect("it is ASCII")).await?;
        assert_eq!(u64::from(descriptor.block_size()), BLOCK_SIZE);
        let len = descriptor.num_blocks() * BLOCK_SIZE;
        assert_eq!(len, BYTES);
        let channel = descriptor.channel()?;
        let mut desc = core::ptr::null_mut();
        // SAFETY: the name ends in NUL, the place is valid, and an spdk_thread is current.
        let status = unsafe {
            spdk_sys::spdk_bdev_open_ext(
                name.as_ptr(),
                true,
                Some(ignore_event),
                core::ptr::null_mut(),
                &raw mut desc,
            )
        };
        assert_eq!(status, 0, "a bdev that is open can be opened again");
        // SAFETY: the descriptor has just been opened here.
        let ch = unsafe { spdk_sys::spdk_bdev_get_io_channel(desc) };
        let ch = NonNull::new(ch).expect("a second channel of a thread needs next to nothing");
        Ok(Self { channel, desc, ch: ch.as_ptr(), len })
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // SAFETY: the channel is ours, of this thread, and idle: each round awaits its operations.
        unsafe { spdk_sys::spdk_put_io_channel(self.ch) };
        // SAFETY: the descriptor is ours, of this thread, and has no channel any more.
        unsafe { spdk_sys::spdk_bdev_close(self.desc) };
    }
}

/// Nothing happens to a bdev of the benchmark while it is open.
unsafe extern "C" fn ignore_event(
    _event: spdk_bdev_event_type,
    _bdev: *mut spdk_bdev,
    _ctx: *mut core::ffi::c_void,
) {
}
