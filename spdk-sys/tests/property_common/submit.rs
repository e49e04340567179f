//! From a call of the property tests to the function of the C API.

use std::ffi::{c_int, c_void};
use std::ptr::null_mut;

use spdk_sys::*;

use super::disk::Opened;
use super::drive::Buffers;
use super::ops::{Call, Door, Family, Opts};

type Cb = spdk_bdev_io_completion_cb;
type Desc = *mut spdk_bdev_desc;
type Channel = *mut spdk_io_channel;
type Void = *mut c_void;
type Iov = *mut iovec;
type Options = *mut spdk_bdev_ext_io_opts;

/// The functions of reads or of writes.
struct Doors {
    bytes: unsafe extern "C" fn(Desc, Channel, Void, u64, u64, Cb, Void) -> c_int,
    blocks: unsafe extern "C" fn(Desc, Channel, Void, u64, u64, Cb, Void) -> c_int,
    md: unsafe extern "C" fn(Desc, Channel, Void, Void, u64, u64, Cb, Void) -> c_int,
    iov_bytes: unsafe extern "C" fn(Desc, Channel, Iov, c_int, u64, u64, Cb, Void) -> c_int,
    iovs: unsafe extern "C" fn(Desc, Channel, Iov, c_int, u64, u64, Cb, Void) -> c_int,
    iov_md: unsafe extern "C" fn(Desc, Channel, Iov, c_int, Void, u64, u64, Cb, Void) -> c_int,
    ext: unsafe extern "C" fn(Desc, Channel, Iov, c_int, u64, u64, Cb, Void, Options) -> c_int,
}

const READ: Doors = Doors {
    bytes: spdk_bdev_read,
    blocks: spdk_bdev_read_blocks,
    md: spdk_bdev_read_blocks_with_md,
    iov_bytes: spdk_bdev_readv,
    iovs: spdk_bdev_readv_blocks,
    iov_md: spdk_bdev_readv_blocks_with_md,
    ext: spdk_bdev_readv_blocks_ext,
};

const WRITE: Doors = Doors {
    bytes: spdk_bdev_write,
    blocks: spdk_bdev_write_blocks,
    md: spdk_bdev_write_blocks_with_md,
    iov_bytes: spdk_bdev_writev,
    iovs: spdk_bdev_writev_blocks,
    iov_md: spdk_bdev_writev_blocks_with_md,
    ext: spdk_bdev_writev_blocks_ext,
};

/// A pointer that is not NULL, to nothing that anybody may look at.
fn something() -> Void {
    std::ptr::dangling_mut::<u64>().cast()
}

fn options(which: Opts) -> spdk_bdev_ext_io_opts {
    let mut opts =
        spdk_bdev_ext_io_opts { size: size_of::<spdk_bdev_ext_io_opts>(), ..Default::default() };
    match which {
        Opts::None | Opts::Plain => {}
        Opts::SizeZero => opts.size = 0,
        Opts::SizeTooLarge => opts.size += 1,
        Opts::MemoryDomain => opts.memory_domain = something(),
        Opts::Sequence => opts.accel_sequence = something(),
        Opts::Metadata => opts.metadata = something(),
    }
    opts
}

/// Submits the call. `second` is what a compare and write writes.
pub(crate) fn submit(
    opened: &Opened<'_>,
    call: &Call<'_>,
    buffers: &mut Buffers,
    second: &mut Buffers,
    cb: Cb,
    ctx: Void,
) -> c_int {
    let desc = if call.writable { opened.writable } else { opened.read_only };
    let at = Target { desc, channel: opened.channel, cb, ctx };
    let (first, count) = (buffers.iovs.as_mut_ptr(), buffers.iovs.len() as c_int);
    match call.family {
        Family::Read => at.read_or_write(&READ, call, first, count),
        Family::Write => at.read_or_write(&WRITE, call, first, count),
        Family::Compare => at.compare(call, first, count),
        Family::CompareAndWrite => {
            let (write, writes) = (second.iovs.as_mut_ptr(), second.iovs.len() as c_int);
            let (offset, blocks) = (call.offset, call.count);
            // SAFETY: descriptor and channel are open; the memory outlives the call.
            unsafe {
                spdk_bdev_comparev_and_writev_blocks(
                    desc, at.channel, first, count, write, writes, offset, blocks, cb, ctx,
                )
            }
        }
        Family::NvmeAdmin | Family::NvmeIo | Family::NvmeIoMd | Family::NvmeIov { .. } => {
            at.nvme(call.family, first, count)
        }
        _ => at.without_data(call),
    }
}

/// Where a call goes and whom it tells.
struct Target {
    desc: Desc,
    channel: Channel,
    cb: Cb,
    ctx: Void,
}

impl Target {
    fn read_or_write(&self, doors: &Doors, call: &Call<'_>, iovs: Iov, iovcnt: c_int) -> c_int {
        let Self { desc, channel: ch, cb, ctx } = *self;
        let (at, n) = (call.offset, call.count);
        let md = if call.md { something() } else { null_mut() };
        // SAFETY: descriptor and channel are open; the memory holds what an accepted call needs and
        // outlives it; one buffer is the first of the iovecs.
        unsafe {
            let buf = (*iovs).iov_base;
            match call.door {
                Door::Bytes => (doors.bytes)(desc, ch, buf, at, n, cb, ctx),
                Door::Blocks => (doors.blocks)(desc, ch, buf, at, n, cb, ctx),
                Door::Md => (doors.md)(desc, ch, buf, md, at, n, cb, ctx),
                Door::IovBytes => (doors.iov_bytes)(desc, ch, iovs, iovcnt, at, n, cb, ctx),
                Door::Iovs => (doors.iovs)(desc, ch, iovs, iovcnt, at, n, cb, ctx),
                Door::IovMd => (doors.iov_md)(desc, ch, iovs, iovcnt, md, at, n, cb, ctx),
                Door::Ext(Opts::None) => {
                    (doors.ext)(desc, ch, iovs, iovcnt, at, n, cb, ctx, null_mut())
                }
                Door::Ext(which) => {
                    let mut opts = options(which);
                    (doors.ext)(desc, ch, iovs, iovcnt, at, n, cb, ctx, &raw mut opts)
                }
            }
        }
    }

    fn compare(&self, call: &Call<'_>, iovs: Iov, iovcnt: c_int) -> c_int {
        let Self { desc, channel: ch, cb, ctx } = *self;
        let (at, n) = (call.offset, call.count);
        let md = if call.md { something() } else { null_mut() };
        // SAFETY: as in `read_or_write`.
        unsafe {
            let buf = (*iovs).iov_base;
            match call.door {
                Door::Md => spdk_bdev_compare_blocks_with_md(desc, ch, buf, md, at, n, cb, ctx),
                Door::Iovs => spdk_bdev_comparev_blocks(desc, ch, iovs, iovcnt, at, n, cb, ctx),
                Door::IovMd => {
                    spdk_bdev_comparev_blocks_with_md(desc, ch, iovs, iovcnt, md, at, n, cb, ctx)
                }
                _ => spdk_bdev_compare_blocks(desc, ch, buf, at, n, cb, ctx),
            }
        }
    }

    fn without_data(&self, call: &Call<'_>) -> c_int {
        let Self { desc, channel: ch, cb, ctx } = *self;
        let (at, n, from) = (call.offset, call.count, call.source);
        let bytes = call.door.in_bytes();
        // SAFETY: descriptor and channel are open.
        unsafe {
            match call.family {
                Family::Unmap if bytes => spdk_bdev_unmap(desc, ch, at, n, cb, ctx),
                Family::Unmap => spdk_bdev_unmap_blocks(desc, ch, at, n, cb, ctx),
                Family::WriteZeroes if bytes => spdk_bdev_write_zeroes(desc, ch, at, n, cb, ctx),
                Family::WriteZeroes => spdk_bdev_write_zeroes_blocks(desc, ch, at, n, cb, ctx),
                Family::Flush if bytes => spdk_bdev_flush(desc, ch, at, n, cb, ctx),
                Family::Flush => spdk_bdev_flush_blocks(desc, ch, at, n, cb, ctx),
                Family::WriteUncorrectable => {
                    spdk_bdev_write_uncorrectable_blocks(desc, ch, at, n, cb, ctx)
                }
                Family::Copy => spdk_bdev_copy_blocks(desc, ch, at, from, n, cb, ctx),
                Family::SeekData => spdk_bdev_seek_data(desc, ch, at, cb, ctx),
                Family::SeekHole => spdk_bdev_seek_hole(desc, ch, at, cb, ctx),
                Family::Zcopy { populate, .. } => {
                    spdk_bdev_zcopy_start(desc, ch, null_mut(), 0, at, n, populate, cb, ctx)
                }
                Family::NvmeNssr => spdk_bdev_nvme_nssr(desc, ch, cb, ctx),
                Family::Abort { null } => {
                    let target = if null { null_mut() } else { something() };
                    spdk_bdev_abort(desc, ch, target, cb, ctx)
                }
                Family::Reset => spdk_bdev_reset(desc, ch, cb, ctx),
                other => unreachable!("{other:?} has data"),
            }
        }
    }

    fn nvme(&self, family: Family, iovs: Iov, iovcnt: c_int) -> c_int {
        let Self { desc, channel: ch, cb, ctx } = *self;
        // SAFETY: descriptor and channel are open; a command of zeroes is valid during the call; no
        // bdev here takes it further.
        unsafe {
            let cmd = std::mem::zeroed::<spdk_nvme_cmd>();
            let cmd = &raw const cmd;
            let (buf, len) = ((*iovs).iov_base, (*iovs).iov_len);
            match family {
                Family::NvmeAdmin => {
                    spdk_bdev_nvme_admin_passthru(desc, ch, cmd, buf, len, cb, ctx)
                }
                Family::NvmeIo => spdk_bdev_nvme_io_passthru(desc, ch, cmd, buf, len, cb, ctx),
                Family::NvmeIoMd => {
                    spdk_bdev_nvme_io_passthru_md(desc, ch, cmd, buf, len, null_mut(), 0, cb, ctx)
                }
                Family::NvmeIov { md } => {
                    let md = if md { something() } else { null_mut() };
                    spdk_bdev_nvme_iov_passthru_md(desc, ch, cmd, iovs, iovcnt, len, md, 0, cb, ctx)
                }
                other => unreachable!("{other:?} is no NVMe command"),
            }
        }
    }
}
