//! Walks of `bdev.h`: calls that run a closure before they return.
//!
//! They are made at once, on an SPDK thread.

use core::ffi::{c_char, c_int, c_void};

use spdk_sys::spdk_io_channel;

use super::callbacks::{spdk_bdev_channel_histogram_cb, spdk_for_each_bdev_fn};
use crate::spdk_async;

/// Visits each bdev that is not going away, with a read-only descriptor open around the visit.
/// Answers zero, the first non-zero answer of `visitor`, or a negative errno. On an SPDK thread.
#[spdk_async(sys = spdk_sys, crate = crate::adapter, visitor)]
pub unsafe fn spdk_for_each_bdev(
    #[context] ctx: *mut c_void,
    #[callback] fn_: spdk_for_each_bdev_fn,
) -> c_int;

/// As [`spdk_for_each_bdev`], for bdevs that nobody has claimed.
#[spdk_async(sys = spdk_sys, crate = crate::adapter, visitor)]
pub unsafe fn spdk_for_each_bdev_leaf(
    #[context] ctx: *mut c_void,
    #[callback] fn_: spdk_for_each_bdev_fn,
) -> c_int;

/// As [`spdk_for_each_bdev`], for the `count` bdevs that `names` lists; stops with `ENODEV` at the first
/// that does not exist.
#[spdk_async(sys = spdk_sys, crate = crate::adapter, visitor)]
pub unsafe fn spdk_for_each_bdev_by_name(
    #[context] ctx: *mut c_void,
    #[callback] fn_: spdk_for_each_bdev_fn,
    names: *mut *const c_char,
    count: usize,
) -> c_int;

/// Shows the histogram of one channel, once; null with `EFAULT` if it has none. On the thread of the
/// channel.
#[spdk_async(sys = spdk_sys, crate = crate::adapter, visitor)]
pub unsafe fn spdk_bdev_channel_get_histogram(
    ch: *mut spdk_io_channel,
    cb_fn: spdk_bdev_channel_histogram_cb,
    cb_arg: *mut c_void,
);
