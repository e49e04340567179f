//! The methods of the bdev layer itself.

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr::null_mut;
use std::ffi::{CStr, CString};

use super::super::load::Reply;
use super::super::params::Params;
use crate::{
    Refusal, spdk_bdev, spdk_bdev_close, spdk_bdev_desc, spdk_bdev_desc_get_bdev,
    spdk_bdev_enable_histogram_opts, spdk_bdev_enable_histogram_opts_init, spdk_bdev_event_type,
    spdk_bdev_get_io_type, spdk_bdev_get_opts, spdk_bdev_histogram_enable_ext, spdk_bdev_open_ext,
    spdk_bdev_opts, spdk_bdev_set_opts, spdk_bdev_set_qd_sampling_period,
    spdk_bdev_set_qos_rate_limits, spdk_bdev_wait_for_examine,
};

/// The parameters of `bdev_set_options`.
pub(super) const OPTIONS: [&str; 5] = [
    "bdev_io_pool_size",
    "bdev_io_cache_size",
    "bdev_auto_examine",
    "iobuf_small_cache_size",
    "iobuf_large_cache_size",
];

/// The parameters of `bdev_set_qos_limit`: the name, then the limits in the order of
/// `spdk_bdev_qos_rate_limit_type`.
pub(super) const QOS_LIMIT: [&str; 5] =
    ["name", "rw_ios_per_sec", "rw_mbytes_per_sec", "r_mbytes_per_sec", "w_mbytes_per_sec"];

/// The parameters of `bdev_enable_histogram`.
pub(super) const HISTOGRAM: [&str; 6] =
    ["name", "enable", "opc", "granularity", "min_nsec", "max_nsec"];

pub(super) fn set_options(params: Params, reply: Reply) {
    fn outcome(mut params: Params) -> Result<(), Refusal> {
        let mut opts = spdk_bdev_opts::default();
        // SAFETY: `opts` is writable for the size that is passed.
        unsafe { spdk_bdev_get_opts(&raw mut opts, size_of::<spdk_bdev_opts>()) };
        let [pool, cache, auto_examine, small, large] = OPTIONS;
        opts.bdev_io_pool_size = params.optional(pool)?.unwrap_or(opts.bdev_io_pool_size);
        opts.bdev_io_cache_size = params.optional(cache)?.unwrap_or(opts.bdev_io_cache_size);
        opts.bdev_auto_examine = params.optional(auto_examine)?.unwrap_or(opts.bdev_auto_examine);
        opts.iobuf_small_cache_size =
            params.optional(small)?.unwrap_or(opts.iobuf_small_cache_size);
        opts.iobuf_large_cache_size =
            params.optional(large)?.unwrap_or(opts.iobuf_large_cache_size);
        // SAFETY: `opts` is a valid structure whose size spdk_bdev_get_opts has filled in.
        if unsafe { spdk_bdev_set_opts(&raw mut opts) } == 0 {
            return Ok(());
        }
        let (pool, cache) = (opts.bdev_io_pool_size, opts.bdev_io_cache_size);
        Err(Refusal::invalid(format!(
            "bdev_set_options: bdev_io_pool_size {pool} is too small for a bdev_io_cache_size of \
             {cache} on every thread"
        )))
    }
    reply.answer(outcome(params));
}

pub(super) fn wait_for_examine(_params: Params, reply: Reply) {
    answer_after_examine(reply);
}

/// Answers once no module examines a bdev any more.
pub(super) fn answer_after_examine(reply: Reply) {
    unsafe extern "C" fn examined(ctx: *mut c_void) {
        // SAFETY: `ctx` is the reply that was passed to spdk_bdev_wait_for_examine, which calls
        // back once.
        unsafe { Reply::from_ctx(ctx) }.answer(Ok(()));
    }
    let ctx = reply.into_ctx();
    // SAFETY: we are on the app thread, which stays until the callback has run.
    let rc = unsafe { spdk_bdev_wait_for_examine(Some(examined), ctx) };
    if rc != 0 {
        // SAFETY: a refused call keeps nothing, so the reply is still ours.
        unsafe { Reply::from_ctx(ctx) }.answer_code(rc, "waiting for examine");
    }
}

pub(super) fn examine(params: Params, reply: Reply) {
    fn outcome(mut params: Params) -> Result<(), Refusal> {
        let name: CString = params.required("name")?;
        // SAFETY: `name` is NUL-terminated and outlives the call.
        match unsafe { crate::spdk_bdev_examine(name.as_ptr()) } {
            0 => Ok(()),
            code => Err(Refusal::errno(code, format_args!("bdev_examine: {name:?}"))),
        }
    }
    reply.answer(outcome(params));
}

/// A read-only descriptor for the time of one method.
struct Opened(*mut spdk_bdev_desc);

impl Opened {
    fn open(method: &str, name: &CStr) -> Result<Self, Refusal> {
        unsafe extern "C" fn ignore(
            _type: spdk_bdev_event_type,
            _bdev: *mut spdk_bdev,
            _ctx: *mut c_void,
        ) {
        }
        let mut desc = null_mut();
        // SAFETY: `name` is NUL-terminated, `desc` is writable, the event callback needs no context.
        let rc = unsafe {
            spdk_bdev_open_ext(name.as_ptr(), false, Some(ignore), null_mut(), &raw mut desc)
        };
        match rc {
            0 => Ok(Self(desc)),
            code => Err(Refusal::errno(code, format_args!("{method}: opening {name:?}"))),
        }
    }

    fn bdev(&self) -> *mut spdk_bdev {
        // SAFETY: the descriptor is open until drop.
        unsafe { spdk_bdev_desc_get_bdev(self.0) }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // SAFETY: it was opened on this thread, is closed once, and has no I/O.
        unsafe { spdk_bdev_close(self.0) };
    }
}

pub(super) fn set_qos_limit(mut params: Params, reply: Reply) {
    unsafe extern "C" fn limited(ctx: *mut c_void, status: c_int) {
        // SAFETY: `ctx` is the reply passed along with this callback, which runs once.
        unsafe { Reply::from_ctx(ctx) }.answer_code(status, "setting the rate limits");
    }
    fn decode(params: &mut Params) -> Result<(Opened, [u64; 4]), Refusal> {
        let name: CString = params.required("name")?;
        let mut limits = [u64::MAX; 4];
        for (limit, parameter) in limits.iter_mut().zip(&QOS_LIMIT[1..]) {
            *limit = params.optional(parameter)?.unwrap_or(u64::MAX);
        }
        let opened = Opened::open("bdev_set_qos_limit", &name)?;
        if limits == [u64::MAX; 4] {
            return Err(Refusal::invalid("bdev_set_qos_limit: no rate limits specified"));
        }
        Ok((opened, limits))
    }
    match decode(&mut params) {
        // SAFETY: the bdev is open, `limits` has one entry per limit type, the reply lives until
        // the callback takes it.
        Ok((opened, mut limits)) => unsafe {
            spdk_bdev_set_qos_rate_limits(
                opened.bdev(),
                limits.as_mut_ptr(),
                Some(limited),
                reply.into_ctx(),
            );
        },
        Err(refusal) => reply.answer(Err(refusal)),
    }
}

pub(super) fn enable_histogram(mut params: Params, reply: Reply) {
    unsafe extern "C" fn changed(ctx: *mut c_void, status: c_int) {
        // SAFETY: `ctx` is the reply passed along with this callback, which runs once.
        unsafe { Reply::from_ctx(ctx) }.answer_code(status, "changing the histogram");
    }
    match histogram_options(&mut params) {
        // SAFETY: the bdev is open, `opts` is initialized and copied during the call, the reply
        // lives until the callback takes it.
        Ok((opened, enable, mut opts)) => unsafe {
            spdk_bdev_histogram_enable_ext(
                opened.bdev(),
                Some(changed),
                reply.into_ctx(),
                enable,
                &raw mut opts,
            );
        },
        Err(refusal) => reply.answer(Err(refusal)),
    }
}

fn histogram_options(
    params: &mut Params,
) -> Result<(Opened, bool, spdk_bdev_enable_histogram_opts), Refusal> {
    let name: CString = params.required("name")?;
    let enable = params.required("enable")?;
    let mut opts = MaybeUninit::<spdk_bdev_enable_histogram_opts>::zeroed();
    // SAFETY: `opts` is writable for the size that is passed.
    unsafe { spdk_bdev_enable_histogram_opts_init(opts.as_mut_ptr(), size_of_val(&opts)) };
    // SAFETY: plain integers, valid when zeroed and when initialized.
    let mut opts = unsafe { opts.assume_init() };
    if let Some(opcode) = params.optional::<CString>("opc")? {
        // SAFETY: `opcode` is NUL-terminated and outlives the call.
        let io_type = unsafe { spdk_bdev_get_io_type(opcode.as_ptr()) };
        opts.io_type = u8::try_from(io_type).map_err(|_| {
            Refusal::invalid(format!("bdev_enable_histogram: {opcode:?} is not an I/O type"))
        })?;
    }
    opts.granularity = params.optional("granularity")?.unwrap_or(opts.granularity);
    opts.min_nsec = params.optional("min_nsec")?.unwrap_or(opts.min_nsec);
    opts.max_nsec = params.optional("max_nsec")?.unwrap_or(opts.max_nsec);
    Ok((Opened::open("bdev_enable_histogram", &name)?, enable, opts))
}

pub(super) fn set_qd_sampling_period(params: Params, reply: Reply) {
    fn outcome(mut params: Params) -> Result<(), Refusal> {
        let name: CString = params.required("name")?;
        let period = params.required("period")?;
        let opened = Opened::open("bdev_set_qd_sampling_period", &name)?;
        // SAFETY: the bdev is open.
        unsafe { spdk_bdev_set_qd_sampling_period(opened.bdev(), period) };
        Ok(())
    }
    reply.answer(outcome(params));
}
