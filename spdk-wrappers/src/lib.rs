//! SPDK v26.05, awaitable.
//!
//! [SPDK](https://spdk.io) is a C library for polled storage in user space: every operation is a
//! function with a callback and a context pointer. This crate makes them futures and streams that
//! stay sound when they are dropped at any moment.
//!
//! # The parts
//!
//! - [`App`] starts SPDK and runs an async main on its app thread; [`Worker`] is a further
//!   `spdk_thread` for tasks.
//! - [`bdev`] is the block device layer: [`BlockDevice`](bdev::BlockDevice) for most programs,
//!   [`Descriptor`](bdev::Descriptor) and [`IoChannel`](bdev::IoChannel) beneath it.
//! - [`DmaBuf`] is memory that devices reach. Every operation takes its buffers by value and gives
//!   them back, whatever happens.
//! - [`raw`] has SPDK's own functions, awaitable as they are; [`adapter`] is the machinery beneath
//!   them, free of SPDK.
//!
//! # Backends
//!
//! By default the crate runs on `spdk-sys`'s embedded backend, a stand-in for development and tests
//! that needs no SPDK. With the feature `system` it runs on an installed SPDK v26.05. [`BACKEND`]
//! tells which one is linked.
//!
//! # Threads
//!
//! The unit is the `spdk_thread`, which SPDK's reactors run. Tasks, channels and operations belong to
//! one and are not `Send`; descriptors and devices may be shared between all of them.

// The macros' output names the adapter by a path that users have too.
#[doc(hidden)]
pub use callback_adapter as adapter;
pub use compio_buf as buf;
pub use spdk_async_macros::{spdk_async, spdk_callback};
pub use spdk_sys;

mod app;
pub mod bdev;
mod env;
mod error;
pub mod raw;
mod thread;

pub use app::{App, LogLevel, Shutdown, shutdown_requested};
pub use callback_adapter::Errno;
pub use env::{DmaBuf, ticks, ticks_hz};
pub use error::{Error, ErrorKind, Result};
pub use spdk_sys::BACKEND;
pub use thread::{
    Elapsed, JoinError, JoinHandle, Sleep, Worker, WorkerEnded, sleep, spawn_local, timeout,
    yield_now,
};
