//! The aio module: bdevs on a file or a block device.
//!
//! SPDK uses libaio; here a few worker threads per spdk_thread make the blocking system calls
//! (`workers`), and a poller of that spdk_thread completes what they have done, in the order in which
//! it arrived (`group`). `disk` is a bdev and its file, `request` what becomes of an I/O, `create` the
//! checks of a new bdev, `reset` the wait of a reset.
//!
//! Files are opened without `O_DIRECT`: data goes through the page cache and a flush is an
//! `fdatasync`. So every filesystem will do, tmpfs included, and a file can be looked at with
//! ordinary tools meanwhile. Buffers are still aligned to the block size, by bouncing, as the bdev
//! layer promises.

mod create;
mod disk;
mod group;
mod request;
mod reset;
mod workers;

pub use create::{Options, create, delete, rescan};
pub(super) use disk::MODULE;
