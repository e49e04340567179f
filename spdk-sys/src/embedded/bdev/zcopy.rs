//! Zero copy: the bdev lends its own buffers to the caller between a start and an end.

use core::ffi::{c_int, c_void};

use super::desc;
use super::io::{Phase, int};
use super::module_types::SPDK_BDEV_IO_STATUS_PENDING;
use super::query::supports;
use super::rw::valid_blocks;
use super::submit::{Origin, prepare, submit};
use super::{
    SPDK_BDEV_IO_TYPE_ZCOPY, iovec, spdk_bdev_desc, spdk_bdev_io, spdk_bdev_io_completion_cb,
};
use crate::spdk_io_channel;

/// Lends buffers for blocks, filled with their data if `populate`. Returns 0, and `cb` runs once: on
/// success keep the bdev_io, whose `spdk_bdev_io_get_iovec` are the buffers, and pass it to
/// [`spdk_bdev_zcopy_end`]; on failure free it. Or -EBADF on a read-only descriptor (even to
/// populate), -EINVAL, -ENOTSUP, or -ENOMEM.
///
/// # Safety
/// - `desc` is open, `ch` is a live channel of its bdev, and the caller runs on its thread.
/// - `iov` is NULL or an array that stays in place until the end's callback.
pub unsafe extern "C" fn spdk_bdev_zcopy_start(
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    iov: *mut iovec,
    iovcnt: c_int,
    offset_blocks: u64,
    num_blocks: u64,
    populate: bool,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        let origin = Origin::user(desc, ch, cb, cb_arg);
        if !origin.desc.writable() {
            return -libc::EBADF;
        }
        if !valid_blocks(origin.ch.bdev, offset_blocks, num_blocks) {
            return -libc::EINVAL;
        }
        if !supports(origin.ch.bdev, SPDK_BDEV_IO_TYPE_ZCOPY) {
            return -libc::ENOTSUP;
        }
        let io = prepare(&origin, SPDK_BDEV_IO_TYPE_ZCOPY);
        if io.is_null() {
            return -libc::ENOMEM;
        }
        let params = &raw mut (*io).u.bdev;
        (*params).iovs = iov;
        (*params).iovcnt = iovcnt;
        (*params).offset_blocks = offset_blocks;
        (*params).num_blocks = num_blocks;
        (*params).zcopy.populate = u8::from(populate);
        (*params).zcopy.start = 1;
        submit(io);
    }
    0
}

/// Gives buffers back, writing them to their blocks if `commit`. Returns 0, and `cb` runs once with
/// the same bdev_io, to be freed then; or -EINVAL if it is not a zero copy, which stays the caller's.
/// Never -ENOMEM. Ending one twice ends the process.
///
/// # Safety
/// - `bdev_io` came from a successful start that was not ended; the caller runs on its thread.
pub unsafe extern "C" fn spdk_bdev_zcopy_end(
    bdev_io: *mut spdk_bdev_io,
    commit: bool,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        if u32::from((*bdev_io).type_) != SPDK_BDEV_IO_TYPE_ZCOPY {
            return -libc::EINVAL;
        }
        let fields = int(bdev_io);
        assert!(
            fields.phase() == Phase::Done,
            "spdk_bdev_zcopy_end: the zero copy has not started or was ended before; end it once"
        );
        (*bdev_io).u.bdev.zcopy.commit = u8::from(commit);
        (*bdev_io).u.bdev.zcopy.start = 0;
        let ch = &*fields.ch.get();
        fields.cb.set(cb);
        fields.caller_ctx.set(cb_arg);
        fields.set_status(SPDK_BDEV_IO_STATUS_PENDING);
        fields.set_phase(Phase::InFlight);
        fields.seq.set(ch.next_seq.get());
        ch.next_seq.set(ch.next_seq.get() + 1);
        desc::of(fields.desc.get()).add_io(ch);
        submit(bdev_io);
    }
    0
}
