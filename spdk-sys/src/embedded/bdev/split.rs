//! Splitting of I/O that is larger than the bdev takes at once, or crosses its boundaries.
//!
//! The parent stays on the submitted list; its children are ordinary I/O with the parent as their
//! `cb_arg`. The first failing child ends the splitting, and the parent gets that child's status
//! when every child under way has returned.

use core::ffi::{c_int, c_void};

use super::complete::{call_back, call_back_by_message};
use super::io::{Split, int};
use super::module_types::{SPDK_BDEV_IO_STATUS_FAILED, SPDK_BDEV_IO_STATUS_SUCCESS};
use super::submit::{Origin, remove_from_submitted};
use super::{
    SPDK_BDEV_IO_TYPE_COPY, SPDK_BDEV_IO_TYPE_READ, SPDK_BDEV_IO_TYPE_UNMAP,
    SPDK_BDEV_IO_TYPE_WRITE, SPDK_BDEV_IO_TYPE_WRITE_ZEROES, buf, copy, io_wait, rw, spdk_bdev,
    spdk_bdev_free_io, spdk_bdev_io, split_rw, unmap, write_zeroes,
};

/// Children in flight at once for unmap, write zeroes and copy.
const MAX_CHILDREN: u32 = 8;

/// Whether `io` must be split.
///
/// # Safety
/// - `io` is prepared and its parameters are set.
pub(super) unsafe fn needed(io: *mut spdk_bdev_io) -> bool {
    // SAFETY: by contract.
    unsafe {
        let bdev = &*(*io).bdev;
        let blocks = (*io).u.bdev.num_blocks;
        match u32::from((*io).type_) {
            SPDK_BDEV_IO_TYPE_READ | SPDK_BDEV_IO_TYPE_WRITE => rw_needed(io),
            SPDK_BDEV_IO_TYPE_UNMAP => {
                bdev.max_unmap != 0
                    && bdev.max_unmap_segments != 0
                    && blocks.div_ceil(u64::from(bdev.max_unmap))
                        > u64::from(bdev.max_unmap_segments)
            }
            SPDK_BDEV_IO_TYPE_WRITE_ZEROES => exceeds(blocks, bdev.max_write_zeroes),
            SPDK_BDEV_IO_TYPE_COPY => exceeds(blocks, bdev.max_copy),
            _ => false,
        }
    }
}

/// Whether `value` is above a limit where 0 means none.
fn exceeds(value: u64, limit: u32) -> bool {
    limit != 0 && value > u64::from(limit)
}

/// The boundary at which reads or writes are split, in blocks; 0 for none.
pub(super) fn boundary(bdev: &spdk_bdev, is_write: bool) -> u32 {
    if is_write && bdev.split_on_write_unit {
        bdev.write_unit_size
    } else if bdev.split_on_optimal_io_boundary {
        bdev.optimal_io_boundary
    } else {
        0
    }
}

/// # Safety
/// - As [`needed`], for a read or write.
unsafe fn rw_needed(io: *mut spdk_bdev_io) -> bool {
    // SAFETY: by contract.
    let (bdev, params, type_) = unsafe { (&*(*io).bdev, (*io).u.bdev, (*io).type_) };
    let boundary = boundary(bdev, u32::from(type_) == SPDK_BDEV_IO_TYPE_WRITE);
    let (segs, seg_size) = (bdev.max_num_segments, bdev.max_segment_size);
    if boundary == 0 && segs == 0 && seg_size == 0 && bdev.max_rw_size == 0 {
        return false;
    }
    if boundary != 0 && params.num_blocks > 0 {
        let (first, last) = (params.offset_blocks, params.offset_blocks + params.num_blocks - 1);
        if first / u64::from(boundary) != last / u64::from(boundary) {
            return true;
        }
    }
    let count = params.iovcnt as usize;
    exceeds(count as u64, segs)
        || exceeds(params.num_blocks, bdev.max_rw_size)
        // SAFETY: the caller's array has `iovcnt` entries.
        || (0..count).any(|i| exceeds(unsafe { (*params.iovs.add(i)).iov_len } as u64, seg_size))
}

/// Starts to split an I/O.
///
/// # Safety
/// - `io` is on its channel's submitted list and is to be split.
pub(super) unsafe fn start(io: *mut spdk_bdev_io) {
    // SAFETY: by contract.
    unsafe {
        let fields = int(io);
        let params = (*io).u.bdev;
        fields.split_state.set(Split {
            remaining_num_blocks: params.num_blocks,
            current_offset_blocks: params.offset_blocks,
            outstanding: 0,
        });
        fields.set_status(SPDK_BDEV_IO_STATUS_SUCCESS);
        let is_read = u32::from((*io).type_) == SPDK_BDEV_IO_TYPE_READ;
        if is_read && !buf::is_allocated(params.iovs) {
            let len = params.num_blocks.saturating_mul((*(*io).bdev).blocklen.into());
            if !buf::ensure(io, len) {
                fields.set_status(SPDK_BDEV_IO_STATUS_FAILED);
                remove_from_submitted(&*fields.ch.get(), io);
                call_back_by_message(io);
                return;
            }
        }
        advance(io);
    }
}

/// How a round of submitting children ended.
pub(super) enum Round {
    /// Everything is submitted, or as much as fits at once.
    Full,
    /// There was no bdev_io for the next child.
    NoMem,
    /// The next child cannot be submitted at all.
    Failed,
}

/// Submits the next children of `io`, and ends it if none is left to wait for.
///
/// A child may return while others are being submitted, so the round itself counts as outstanding:
/// nobody else goes on with the parent meanwhile.
///
/// # Safety
/// - `io` is being split and none of its children is in flight.
unsafe fn advance(io: *mut spdk_bdev_io) {
    loop {
        // SAFETY: by contract.
        unsafe {
            let fields = int(io);
            add_outstanding(io, 1);
            let round = submit_round(io);
            if matches!(round, Round::Failed) {
                fields.set_status(SPDK_BDEV_IO_STATUS_FAILED);
                stop(io);
            }
            add_outstanding(io, -1);
            let split = fields.split_state.get();
            if split.outstanding > 0 {
                return;
            }
            if split.remaining_num_blocks == 0 {
                end(io);
                return;
            }
            if matches!(round, Round::NoMem) {
                io_wait::queue(io, advance_after_wait, true);
                return;
            }
        }
    }
}

unsafe extern "C" fn advance_after_wait(ctx: *mut c_void) {
    // SAFETY: queued by `advance` for an I/O that stays as it is until here.
    unsafe { advance(ctx.cast()) };
}

/// # Safety
/// - `io` is being split.
unsafe fn add_outstanding(io: *mut spdk_bdev_io, count: i32) {
    // SAFETY: by contract.
    let fields = unsafe { int(io) };
    let mut split = fields.split_state.get();
    split.outstanding = split.outstanding.wrapping_add_signed(count);
    fields.split_state.set(split);
}

/// Leaves the rest of `io` undone.
///
/// # Safety
/// - `io` is being split.
unsafe fn stop(io: *mut spdk_bdev_io) {
    // SAFETY: by contract.
    let fields = unsafe { int(io) };
    let mut split = fields.split_state.get();
    split.current_offset_blocks += split.remaining_num_blocks;
    split.remaining_num_blocks = 0;
    fields.split_state.set(split);
}

/// # Safety
/// - As [`advance`].
unsafe fn submit_round(io: *mut spdk_bdev_io) -> Round {
    // SAFETY: by contract.
    unsafe {
        let bdev = &*(*io).bdev;
        match u32::from((*io).type_) {
            SPDK_BDEV_IO_TYPE_READ | SPDK_BDEV_IO_TYPE_WRITE => split_rw::rw_round(io),
            SPDK_BDEV_IO_TYPE_UNMAP => {
                plain_round(io, u64::from(bdev.max_unmap) * u64::from(bdev.max_unmap_segments))
            }
            SPDK_BDEV_IO_TYPE_WRITE_ZEROES => plain_round(io, u64::from(bdev.max_write_zeroes)),
            _ => plain_round(io, u64::from(bdev.max_copy)),
        }
    }
}

/// # Safety
/// - As [`advance`], for an I/O without data.
unsafe fn plain_round(io: *mut spdk_bdev_io, step: u64) -> Round {
    for _ in 0..MAX_CHILDREN {
        // SAFETY: by contract.
        unsafe {
            let remaining = int(io).split_state.get().remaining_num_blocks;
            if remaining == 0 {
                break;
            }
            match submit_child(io, (0, 0), remaining.min(step)) {
                Round::Full => {}
                ended => return ended,
            }
        }
    }
    Round::Full
}

/// Submits one child: `iovs` is the first child iovec and their number.
///
/// # Safety
/// - `io` is being split, by a round that counts as outstanding; the iovecs are set.
pub(super) unsafe fn submit_child(
    io: *mut spdk_bdev_io,
    iovs: (usize, usize),
    blocks: u64,
) -> Round {
    // SAFETY: by contract.
    unsafe {
        let fields = int(io);
        let before = fields.split_state.get();
        let offset = before.current_offset_blocks;
        fields.split_state.set(Split {
            remaining_num_blocks: before.remaining_num_blocks - blocks,
            current_offset_blocks: offset + blocks,
            outstanding: before.outstanding + 1,
        });
        let rc = submit_part(io, iovs, offset, blocks);
        if rc == 0 {
            return Round::Full;
        }
        add_outstanding(io, -1);
        if rc != -libc::ENOMEM {
            return Round::Failed;
        }
        // A sibling that failed meanwhile has stopped the rest, and it stays stopped.
        let mut split = fields.split_state.get();
        if fields.status() == SPDK_BDEV_IO_STATUS_SUCCESS {
            split.remaining_num_blocks += blocks;
            split.current_offset_blocks = offset;
            fields.split_state.set(split);
        }
        Round::NoMem
    }
}

/// # Safety
/// - As [`submit_child`].
unsafe fn submit_part(
    io: *mut spdk_bdev_io,
    iovs: (usize, usize),
    offset: u64,
    blocks: u64,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        let origin = Origin::for_parent(io, true, child_done);
        let iov = (&raw mut (*io).child_iov).cast::<super::iovec>().add(iovs.0);
        let count = iovs.1 as c_int;
        match u32::from((*io).type_) {
            SPDK_BDEV_IO_TYPE_READ => rw::readv(&origin, iov, count, offset, blocks),
            SPDK_BDEV_IO_TYPE_WRITE => rw::writev(&origin, iov, count, offset, blocks),
            SPDK_BDEV_IO_TYPE_UNMAP => unmap::unmap(&origin, offset, blocks),
            SPDK_BDEV_IO_TYPE_WRITE_ZEROES => write_zeroes::write_zeroes(&origin, offset, blocks),
            _ => {
                let params = (*io).u.bdev;
                let source = params.copy.src_offset_blocks + (offset - params.offset_blocks);
                copy::copy(&origin, offset, source, blocks)
            }
        }
    }
}

/// # Safety
/// - `io` is being split and none of its children is in flight.
unsafe fn end(io: *mut spdk_bdev_io) {
    // SAFETY: by contract.
    unsafe {
        remove_from_submitted(&*int(io).ch.get(), io);
        call_back(io);
    }
}

unsafe extern "C" fn child_done(child: *mut spdk_bdev_io, success: bool, cb_arg: *mut c_void) {
    let parent = cb_arg.cast::<spdk_bdev_io>();
    // SAFETY: the parent stays in flight while it has children.
    unsafe {
        let fields = int(parent);
        if !success {
            fields.set_status(int(child).status());
            fields.error.set(int(child).error.get());
            stop(parent);
        }
        spdk_bdev_free_io(child);
        add_outstanding(parent, -1);
        let split = fields.split_state.get();
        if split.outstanding > 0 {
            return;
        }
        if split.remaining_num_blocks == 0 {
            end(parent);
        } else {
            advance(parent);
        }
    }
}
