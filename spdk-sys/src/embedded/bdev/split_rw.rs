//! Cutting the children of a read or write out of the caller's iovecs.

use super::io::int;
use super::module_types::SPDK_BDEV_IO_NUM_CHILD_IOV;
use super::split::{Round, boundary, submit_child};
use super::{SPDK_BDEV_IO_TYPE_WRITE, iovec, spdk_bdev_io};

/// Walks through the caller's iovecs while children are cut from them.
struct Cursor {
    iovs: *const iovec,
    count: usize,
    at: usize,
    offset: u64,
}

impl Cursor {
    /// Stands at `skip` bytes into the iovecs of `io`.
    ///
    /// # Safety
    /// - `io` has `iovcnt` iovecs.
    unsafe fn at_byte(io: *mut spdk_bdev_io, skip: u64) -> Self {
        // SAFETY: by contract.
        let params = unsafe { (*io).u.bdev };
        let mut cursor =
            Self { iovs: params.iovs, count: params.iovcnt as usize, at: 0, offset: skip };
        while cursor.at < cursor.count && cursor.offset >= cursor.len() {
            cursor.offset -= cursor.len();
            cursor.at += 1;
        }
        cursor
    }

    fn ended(&self) -> bool {
        self.at >= self.count
    }

    fn len(&self) -> u64 {
        // SAFETY: the caller checks `ended`, so the index is within the array.
        unsafe { (*self.iovs.add(self.at)).iov_len as u64 }
    }

    /// Cuts off at most `limit` bytes of the present iovec.
    fn take(&mut self, limit: u64) -> iovec {
        let len = (self.len() - self.offset).min(limit);
        // SAFETY: the range lies inside the present iovec.
        let base = unsafe { (*self.iovs.add(self.at)).iov_base.byte_add(self.offset as usize) };
        self.offset += len;
        if self.offset == self.len() {
            self.at += 1;
            self.offset = 0;
        }
        iovec { iov_base: base, iov_len: len as usize }
    }

    /// Goes `bytes` back.
    fn give_back(&mut self, mut bytes: u64) {
        while bytes > 0 {
            if self.offset == 0 {
                self.at -= 1;
                self.offset = self.len();
            }
            let step = bytes.min(self.offset);
            self.offset -= step;
            bytes -= step;
        }
    }
}

/// Limits of one child of a read or write.
struct RwLimits {
    boundary: u64,
    blocks: u64,
    segs: usize,
    seg_size: u64,
    blocklen: u64,
}

impl RwLimits {
    /// # Safety
    /// - `io` is a read or write in flight.
    unsafe fn of(io: *mut spdk_bdev_io) -> Self {
        // SAFETY: by contract.
        let (bdev, type_) = unsafe { (&*(*io).bdev, u32::from((*io).type_)) };
        let or_max = |limit: u32| if limit == 0 { u64::from(u32::MAX) } else { u64::from(limit) };
        let max_iovs = SPDK_BDEV_IO_NUM_CHILD_IOV as usize;
        Self {
            boundary: or_max(boundary(bdev, type_ == SPDK_BDEV_IO_TYPE_WRITE)),
            blocks: or_max(bdev.max_rw_size),
            segs: (or_max(bdev.max_num_segments) as usize).min(max_iovs),
            seg_size: or_max(bdev.max_segment_size),
            blocklen: u64::from(bdev.blocklen),
        }
    }
}

/// Submits children of a read or write until its child iovecs are used up.
///
/// # Safety
/// - `io` is a read or write that is being split, by a round that counts as outstanding.
pub(super) unsafe fn rw_round(io: *mut spdk_bdev_io) -> Round {
    const MAX_IOVS: usize = SPDK_BDEV_IO_NUM_CHILD_IOV as usize;
    // SAFETY: by contract.
    unsafe {
        let limits = RwLimits::of(io);
        let fields = int(io);
        let done = fields.split_state.get().current_offset_blocks - (*io).u.bdev.offset_blocks;
        let mut cursor = Cursor::at_byte(io, done * limits.blocklen);
        let mut used = 0;
        loop {
            let split = fields.split_state.get();
            if split.remaining_num_blocks == 0 || used == MAX_IOVS {
                return Round::Full;
            }
            let to_boundary = limits.boundary - split.current_offset_blocks % limits.boundary;
            let wanted = split.remaining_num_blocks.min(to_boundary).min(limits.blocks);
            let room = limits.segs.min(MAX_IOVS - used);
            let (count, blocks) = cut_child(io, &mut cursor, &limits, used, room, wanted);
            if blocks == 0 {
                // Less than a block fits into the child iovecs that are left; if that is so with
                // all of them, it will never get better.
                return if used == 0 { Round::Failed } else { Round::Full };
            }
            match submit_child(io, (used, count), blocks) {
                Round::Full => used += count,
                ended => return ended,
            }
        }
    }
}

/// Fills child iovecs from `first` on for up to `wanted` blocks. Returns how many iovecs and whole
/// blocks it came to.
///
/// # Safety
/// - As [`rw_round`]; `first + room` does not exceed the child iovecs.
unsafe fn cut_child(
    io: *mut spdk_bdev_io,
    cursor: &mut Cursor,
    limits: &RwLimits,
    first: usize,
    room: usize,
    wanted: u64,
) -> (usize, u64) {
    let total = wanted * limits.blocklen;
    let (mut count, mut bytes) = (0, 0);
    // SAFETY: by contract.
    unsafe {
        while bytes < total && count < room && !cursor.ended() {
            let part = cursor.take((total - bytes).min(limits.seg_size));
            (*io).child_iov[first + count] = part;
            bytes += part.iov_len as u64;
            count += 1;
        }
        let mut surplus = bytes % limits.blocklen;
        cursor.give_back(surplus);
        bytes -= surplus;
        while surplus > 0 {
            let last = &mut (*io).child_iov[first + count - 1];
            let cut = surplus.min(last.iov_len as u64);
            last.iov_len -= cut as usize;
            surplus -= cut;
            if last.iov_len == 0 {
                count -= 1;
            }
        }
    }
    (count, bytes / limits.blocklen)
}
