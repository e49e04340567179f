//! Statistics, histograms, limits, examination and life of the bdev layer.
//!
//! The bdev travels in the record where the call needs it open.

use core::ffi::{c_char, c_int, c_void};

use spdk_sys::{
    spdk_bdev, spdk_bdev_enable_histogram_opts, spdk_bdev_io_stat, spdk_bdev_open_async_opts,
    spdk_bdev_reset_stat_mode, spdk_histogram_data,
};

use super::callbacks::{
    spdk_bdev_event_cb_t, spdk_bdev_fini_cb, spdk_bdev_for_each_channel_done,
    spdk_bdev_for_each_channel_msg, spdk_bdev_get_device_stat_cb, spdk_bdev_histogram_data_cb,
    spdk_bdev_histogram_status_cb, spdk_bdev_init_cb, spdk_bdev_open_async_cb_t,
    spdk_bdev_set_qos_cb, spdk_bdev_wait_for_examine_cb,
};
use crate::spdk_async;

/// Adds up the statistics of a bdev over all channels and resets them as `reset_mode` says.
///
/// The bdev must stay open until the callback, which comes on the calling thread.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_get_device_stat(
    #[keep] bdev: *mut spdk_bdev,
    #[out] stat: *mut spdk_bdev_io_stat,
    reset_mode: spdk_bdev_reset_stat_mode,
    cb: spdk_bdev_get_device_stat_cb,
    cb_arg: *mut c_void,
);

/// Starts or stops a latency histogram on every channel. Fails with `EAGAIN` while another change is
/// in progress.
///
/// The bdev must stay open until the callback, which comes on the calling thread.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_histogram_enable(
    #[keep] bdev: *mut spdk_bdev,
    cb_fn: spdk_bdev_histogram_status_cb,
    cb_arg: *mut c_void,
    enable: bool,
);

/// Starts or stops a latency histogram with a geometry and a filter, which are read during the call.
/// Fails with `EAGAIN` while another change is in progress.
///
/// The bdev must stay open until the callback, which comes on the calling thread.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_histogram_enable_ext(
    #[keep] bdev: *mut spdk_bdev,
    cb_fn: spdk_bdev_histogram_status_cb,
    cb_arg: *mut c_void,
    enable: bool,
    #[keep] opts: *mut spdk_bdev_enable_histogram_opts,
);

/// Adds the histograms of all channels to `histogram`, which must have the same geometry. Fails with
/// `EFAULT` if a channel has none.
///
/// The bdev must stay open until the callback, which comes on the calling thread.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_histogram_get(
    #[keep] bdev: *mut spdk_bdev,
    #[keep] histogram: *mut spdk_histogram_data,
    cb_fn: spdk_bdev_histogram_data_cb,
    cb_arg: *mut c_void,
);

/// Sets the rate limits of a bdev from an array of `SPDK_BDEV_QOS_NUM_RATE_LIMIT_TYPES` numbers, which
/// is rewritten to what was set. Fails with `EAGAIN` while another change is in progress. The callback
/// may come on the thread of the QoS channel.
///
/// The bdev must stay open until the callback.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_set_qos_rate_limits(
    #[keep] bdev: *mut spdk_bdev,
    #[keep] limits: *mut u64,
    cb_fn: spdk_bdev_set_qos_cb,
    cb_arg: *mut c_void,
);

/// Waits until no module is examining a bdev. On an SPDK thread.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_wait_for_examine(
    cb_fn: spdk_bdev_wait_for_examine_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Starts the bdev layer. Only for programs that bring SPDK up by themselves, on the app thread.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_initialize(cb_fn: spdk_bdev_init_cb, cb_arg: *mut c_void);

/// Ends the bdev layer, once each descriptor is closed and each channel put. Only for programs that
/// bring SPDK up by themselves, on the app thread.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_finish(cb_fn: spdk_bdev_fini_cb, cb_arg: *mut c_void);

/// Opens a bdev that may not exist yet: the first try is made at once, then one each 100 ms until the
/// timeout of `opts` (`ETIMEDOUT`). Events reach `events` also before the open completes.
///
/// Name and options are copied during the call. On an SPDK thread; to be closed there.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_open_async(
    #[keep] bdev_name: *const c_char,
    write: bool,
    #[multi] event_cb: spdk_bdev_event_cb_t,
    event_ctx: *mut c_void,
    #[keep] opts: *mut spdk_bdev_open_async_opts,
    open_cb: spdk_bdev_open_async_cb_t,
    open_cb_arg: *mut c_void,
) -> c_int;

/// Runs `visitor` on each channel of a bdev, on the channel's own thread, until one answers a non-zero
/// status, with which the call then fails.
///
/// The bdev must stay open until the callback, which comes on the calling thread.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_for_each_channel(
    bdev: *mut spdk_bdev,
    #[visit] fn_: spdk_bdev_for_each_channel_msg,
    #[context] ctx: *mut c_void,
    #[callback] cpl: spdk_bdev_for_each_channel_done,
);
