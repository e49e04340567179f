//! Registrations of `bdev.h`: calls whose callback comes many times.
//!
//! They are made at once; the events reach the stream of the subscription.

use core::ffi::{c_char, c_int, c_void};

use spdk_sys::{spdk_bdev_desc, spdk_bdev_open_opts};

use super::callbacks::{spdk_bdev_event_cb_t, spdk_bdev_io_timeout_cb};
use crate::spdk_async;

/// Opens a bdev and feeds its events to `events`: `ENODEV` (unknown or going away), `EPERM` (claimed).
///
/// On an SPDK thread; the descriptor is to be closed there, with `spdk_bdev_close`, and a removal is
/// to be answered by closing it.
#[spdk_async(sys = spdk_sys, crate = crate::adapter, multi)]
pub unsafe fn spdk_bdev_open_ext(
    bdev_name: *const c_char,
    write: bool,
    event_cb: spdk_bdev_event_cb_t,
    event_ctx: *mut c_void,
    #[out] desc: *mut *mut spdk_bdev_desc,
) -> c_int;

/// As [`spdk_bdev_open_ext`], with options, which are copied during the call.
#[spdk_async(sys = spdk_sys, crate = crate::adapter, multi)]
pub unsafe fn spdk_bdev_open_ext_v2(
    bdev_name: *const c_char,
    write: bool,
    event_cb: spdk_bdev_event_cb_t,
    event_ctx: *mut c_void,
    opts: *mut spdk_bdev_open_opts,
    #[out] desc: *mut *mut spdk_bdev_desc,
) -> c_int;

/// Reports each I/O of a descriptor that is older than `timeout_in_sec` seconds, about once a second,
/// on the thread of its channel. Zero seconds stop it. On the thread that opened the descriptor.
#[spdk_async(sys = spdk_sys, crate = crate::adapter, multi, returns = status)]
pub unsafe fn spdk_bdev_set_timeout(
    desc: *mut spdk_bdev_desc,
    timeout_in_sec: u64,
    cb_fn: spdk_bdev_io_timeout_cb,
    cb_arg: *mut c_void,
) -> c_int;
